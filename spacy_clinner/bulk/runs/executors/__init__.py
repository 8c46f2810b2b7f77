"""Where shards are annotated: processes of this machine, Ray, Spark."""
