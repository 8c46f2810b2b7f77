"""Every error and warning of the package, each with a code.

A message says what is wrong with this value, the likely cause, and the setting or command that mends it.
It quotes document ids, offsets and labels; it never quotes a note. Use: `raise ValueError(Errors.CE001.format(...))`.
"""

import re
import string
from typing import Any

# Characters of a value that a message quotes: a file may hold a name of megabytes.
LONGEST_VALUE = 1000


class _Formatter(string.Formatter):
    def format_field(self, value: Any, format_spec: str) -> str:
        shown = super().format_field(value, format_spec)
        return shown if len(shown) <= LONGEST_VALUE else f"{shown[:LONGEST_VALUE]}... ({len(shown)} characters)"


class _Message(str):
    """A message that cuts the values that are put into it."""

    def format(self, *args: Any, **kwargs: Any) -> str:
        return _Formatter().vformat(self, args, kwargs)


class _Coded(type):
    """Prefix every message with its own name, so that a reader can look the code up."""

    def __getattribute__(cls, name: str) -> str:
        value = super().__getattribute__(name)
        return _Message(f"[{name}] {value}") if name.startswith(("CE", "CW")) else value


class Errors(metaclass=_Coded):
    # CE0xx: data and configuration. 001-029 corpora and assets, 030-039 the demo corpus, 050-059 checkpoints,
    # 060-079 scoring, 080-089 experiments
    CE001 = (
        "{file} is no text in UTF-8, as byte {byte} shows. Likely it was saved as {encoding}: convert it with `iconv "
        "-f {command} -t UTF-8`; offsets stay right, as they count characters."
    )
    CE002 = (
        "Document {doc!r}, line {line} of its .ann file is no brat annotation. Lines start with T, E, R, *, A, M, N or "
        "#, an id, a tab, and fields in brat's order: see docs/guide/corpora.md."
    )
    CE003 = (
        "Document {doc!r} has an .ann file but no .txt file, so its offsets point nowhere. Put the text beside it, or "
        "remove the .ann file."
    )
    CE004 = "Document {doc!r}, line {line} of its .ann file: the id {id!r} was used before. Give each annotation one."
    CE005 = "{path} holds no {kind}. Check the path, and the format of the files."
    CE006 = (
        "{file}, line {line}: columns found: {found}; wanted: {token} (the token) and {column} (its tag). Set the "
        "token's and the tag's column (--token-column, --tag-column; they count from 0, -1 is the last that holds "
        "something) and the delimiter (--delimiter)."
    )
    CE007 = (
        "{file}, line {line}: column {column} holds no {scheme} tag (O, or one of {prefixes} with a hyphen and a "
        "label). Likely another column holds the tags (--tag-column; with a tag on this line: {tagged}), or the scheme "
        "is another one (--format)."
    )
    CE008 = "Unknown {what} {value!r}. Use one of {known}."
    CE009 = (
        "{file} names {n} documents that the corpus does not hold, among them {docs}. Write one id a line, as the "
        "audit spells it: of a file, its path below the corpus' folder without its ending (note1, train/note1). "
        "`python -m spacy clinner audit CORPUS --ids FILE` writes all of them."
    )
    CE010 = "Document {doc!r} is in the splits {first!r} and {second!r}. Leave it in one, or scores are too good."
    CE011 = "{path} holds no split: neither train.txt, dev.txt nor test.txt."
    CE012 = (
        "Document {doc!r} cannot be written: its id is no name of a file below the output's folder (note1, "
        "train/note1) on every system, or too long, or another document has it, too, or a file of the name of its "
        "folder. Give each document a name of its own in `doc.user_data['clinner_doc_id']`."
    )
    CE013 = (
        "Document {doc!r}: token {token} holds a delimiter or white space, which would break the columns, or is "
        "-DOCSTART- or a byte order mark. Write with another delimiter or format, or tokenize again with a tokenizer "
        "that splits at white space."
    )
    CE014 = (
        "{path} is a {found}, but a {wanted} is to be written there. Name another: a file that ends in .spacy, or a "
        "folder if you give --splits, --split or --to."
    )
    CE015 = "Give either --format (from that format to .spacy) or --to (from .spacy to that format)."
    CE016 = (
        "{file} from {source} is not the file of its manifest: its SHA-256 begins with {found}. Likely it was changed, "
        "cut off or converted (line ends?): delete that copy so that it is fetched anew. Nothing was written."
    )
    CE017 = (
        "{file} cannot be fetched from its public source ({error}). Check the network, or put a copy into the data "
        "folder (`--data-dir`, in project.yml `vars.data_dir`; see docs/results/maccrobat.md)."
    )
    CE018 = (
        "{file} has no public source, and the data folder (`--data-dir`) holds no copy. Take the published vectors: "
        "`python -m spacy project run maccrobat studies/maccrobat --vars.glove glove.6B.100d.txt`; scores will differ "
        "a little."
    )
    CE019 = (
        "Document {one!r} is in the test split of {folder!r}, and {share} % of it or of {two!r} are in both; {two!r} "
        "is in train or dev of {other!r}. Scores would be too good: put both on one side."
    )
    CE020 = (
        "{file}, line {line} is no PubTator line, or stands at the wrong place. A record is ID|t|title, "
        "ID|a|abstract, mentions (id, start, end, text, label, concepts) and relations (id, label, concept, concept) "
        "with tabs between columns, and an empty line at its end."
    )
    CE021 = (
        "{file}, line {line} is not of the record {doc!r} that it stands in. Likely the empty line between two records "
        "is missing."
    )
    CE022 = (
        "{file}, line {line}: the record {doc!r} was there before, with other text or annotations. Give each document "
        "an id of its own."
    )
    CE023 = (
        "Document {doc!r} cannot be written as PubTator: its id, a label or a concept is empty or holds a tab, a line "
        "end or (the id) a vertical bar, or the label of a relation is a number. Rename it."
    )
    CE024 = (
        "{file}, line {line} is no PHEE record ({problem}). Each line is a JSON object with id, context and "
        "annotations, as in version 2; version 1 is brat (--format brat)."
    )
    CE025 = (
        "{file}, line {line} is no entry of i2b2 2009. It is m, do, mo, f, du, r and ln in this order with || between "
        'them, each ="text" and (but for "nm", and for ln) its offsets: see docs/guide/medication_entries.md.'
    )
    CE026 = (
        "{file}, line {line}: the offsets {offsets} of field {field} name no tokens of the text. Lines count from 1, "
        "tokens between white space from 0. Likely the entries are of another text, or its line ends were changed."
    )
    CE027 = (
        "{file}, line {line}: field {field} quotes another text than the one at its offsets {offsets}. Likely the "
        "entries are of another text, or the text was changed after annotation."
    )
    CE028 = "{file} has no text {doc} or {doc}.txt beside it. Put texts and entries into one folder."
    # 300-309 readers of corpora and their splits
    CE300 = (
        "{file} holds a NUL at byte {byte}, which no text does. Likely it is another kind of file (an archive, one of "
        "a word processor), or was damaged: save it again as plain text in UTF-8."
    )
    CE301 = (
        "Document {doc!r} is in {one} and again in {other}. Remove one of them, or give each document an id of its own."
    )
    CE302 = (
        "The file {file!r} cannot give its document an id: its name is not UTF-8, or holds a control character (such "
        "as a line end). Rename it."
    )
    CE303 = (
        "The shares {shares!r} are no percentages of train, dev and test: give up to three numbers with commas "
        "between, which add up to 100, such as --split 60,20,20."
    )
    CE304 = (
        "{file}, line {line} is no document id, a tab and its group (such as its patient), or gives a document a "
        "second group."
    )
    CE305 = (
        "Splits cannot be drawn: {problem}. Name every document's group in the file of --by (id, tab, group), or draw "
        "fewer splits, such as --split 80,20."
    )
    CE306 = (
        "The id {doc!r} cannot stand in a list of ids, one a line: it begins or ends with white space, holds a line "
        "end or what no text does, or is empty. Rename the document."
    )
    CE307 = "Give either --splits (lists of ids) or --split (shares to draw them by), and --by only with --split."
    # 310-319 column files and the tokens of corpora
    CE310 = (
        "{file}, line {line}: column {column} holds no tag, but on the next line it does. Likely this is a header: "
        "take it out (it may tell what --token-column and --tag-column are)."
    )
    CE311 = (
        "{file}, line {line}: the tag in column {column} has no label. If the corpus has one kind of entity, name it "
        "(--label); else another column holds the tags (--tag-column)."
    )
    CE312 = (
        "`--tokenizer file` keeps the tokens of column files, and {format} has none. Choose another tokenizer: {known}."
    )
    # 320-329 configs that are read, and names for files that are written
    CE320 = (
        "{path} is no config of a training: {problem}. Name a file that `python -m spacy init config` or `init "
        "fill-config` has written, or one of configs/."
    )
    CE321 = (
        "--assertion {pair!r} is no attribute of brat and the assertion that it is, such as Negation=negated or (label "
        "and value) POLARITY:NEG=negated, or says it of an attribute twice. `--assertion none` alone reads none."
    )
    CE030 = (
        "Demo corpus: {part!r} in the template or term {template!r} cannot be read: a bracket without its partner, an "
        "unknown assertion or a misspelt slot. The language is described in docs/guide/demo_corpus.md."
    )
    CE031 = "There is no demo specialty {specialty!r}. Known: {known}."
    CE032 = (
        "Demo corpus: the slot {slot!r} of the template {template!r} has no words. Add a list or group of that name to "
        "the specialty's lexicon, or mend the template."
    )
    CE033 = (
        "Demo corpus: the slot {slot!r} of the template {template!r} belongs to no drug. Put {{DRUG}} before it, or "
        "write {{>{slot}}} for a field of the drug after it."
    )
    CE034 = (
        "Demo corpus: the entity {label} at {start}-{end} of note {doc!r} does not start and end with tokens. Likely a "
        "term that the clinical tokenizer splits otherwise: put a space there in the lexicon."
    )
    CE462 = (
        "{option} does not go with {format}, which would ignore it: it is of other formats, see `python -m spacy "
        "clinner convert --help`. Leave it out."
    )
    CE322 = (
        "{option} does not go with {other}: --to writes the documents of a .spacy file as they are, and needs nothing "
        "but --ents-only and --assertion; --ents-only is of --to. Leave documents out of a .spacy file with `python -m "
        "spacy clinner audit ... --leave-out`."
    )
    CE323 = (
        "Settings or data were changed while the run worked ({parts}), so the result is not that of what was planned, "
        "and does not count. Leave configs and documents as they are until the run ends; the same command again takes "
        "them as they are now."
    )
    CE324 = (
        "{config}: `training.seed` is {found} where `system.seed` is {seed}, so trainings with other seeds would be "
        "the same. Let it be `${{system.seed}}`."
    )
    CE325 = (
        "{settings} cannot be given: each training of the experiment has its own. Name documents with --train and "
        "--dev, seeds with --seed, and what is transferred with --source."
    )
    CE326 = (
        "{path} is of earlier splits and holds {n} documents of the new ones: {docs}. Scores would be too good: remove "
        "it, or name another folder. Nothing was written."
    )
    CE330 = (
        "Document {doc!r} cannot be written as {format}: the {kind} {name!r} is empty or holds characters that part "
        "the fields there, such as white space. Rename it, or write prodigy, doccano or label-studio."
    )
    CE331 = (
        "Document {doc!r} cannot be written: its entity {label!r} at characters {start} to {end} holds nothing but "
        "white space. Take it out of `doc.ents`."
    )
    CE332 = (
        "Document {doc!r} cannot be written: {file} is there already and would become its annotation, but it has none. "
        "Name another folder, or remove the file."
    )
    CE333 = (
        "Document {doc!r} cannot be written as {format}: {what} would not be read back as it is. Likely a label, a "
        "role, a value, a remark or an id holds a line end, white space or a quotation mark, or an id is there twice."
    )
    CE334 = (
        "{file} cannot be written: the document's text holds a NUL character, which no text file may. Take it out, or "
        "write prodigy, doccano or label-studio."
    )
    CE335 = (
        "{file}, {place} {number} is no record of {format}: {problem}. A file holds an object a line, or a list of "
        "objects, as the tool exports them: see docs/guide/corpora.md. Check the format (--format)."
    )
    CE050 = (
        "{folder} is no NeuroNER model: it lacks {file}. A model's folder holds model.ckpt.index, "
        "model.ckpt.data-00000-of-00001, dataset.pickle and parameters.ini; docs/guide/neuroner.md says where to get "
        "one."
    )
    CE051 = (
        "{file} is no TensorFlow checkpoint, or it was cut off. Likely a download broke, or a Git LFS pointer was "
        "stored in its place: fetch the file again."
    )
    CE052 = "{file}: the checksum of {what} is wrong, so the file was changed or damaged. Fetch it again."
    CE053 = "{file} uses {what}, which is not read here. Save the model again in one file, uncompressed, as floats."
    CE054 = (
        "The NeuroNER model does not fit together: {what} is {found}, wanted {wanted}. Likely files of two models were "
        "mixed, or it has other layers: take all files from one folder of a published model."
    )
    CE055 = (
        "{file} is refused: it asks for {what}, and a NeuroNER model needs nothing but its maps of labels and "
        "characters. It was not unpickled and nothing was run; do not open it elsewhere unless you trust its source."
    )
    CE056 = (
        "{file} is no pickle that can be read: damaged, cut off, or larger than {limit} bytes. Fetch it again; it was "
        "not unpickled."
    )
    CE057 = (
        "The NeuroNER model was trained with {setting} = {found}, but only {wanted} can be imported. Train it again "
        "so, or import one of the published models for spaCy tokens (docs/guide/neuroner.md)."
    )
    CE058 = (
        "{path} exists. Name another folder, or replace it with --force; only an empty folder or a spaCy pipeline is "
        "replaced."
    )
    CE059 = (
        "{path} holds no word vectors of width {width} (found: {found}). Give the text file glove.6B.100d.txt or what "
        "`python -m spacy init vectors en glove.6B.100d.txt DIR --attr LOWER` has written to DIR."
    )
    CE060 = "`gold_from` is {value!r}: use 'ents' (gold in doc.ents) or 'spans' (gold in doc.spans[spans_key])."
    CE061 = (
        "Document {doc!r}: the predicted text differs from the reference's, so that character offsets cannot be "
        "compared. Make the predicted document from the reference's own text (or its words and spaces)."
    )
    CE062 = "There is no document to score: the file is empty. Write it anew with `python -m spacy clinner convert`."
    CE063 = (
        "The two evaluations are of different documents ({one} and {other} of them), a paired comparison needs the "
        "same. Evaluate both models on one data file."
    )
    CE064 = "Document {doc!r} occurs more than once. Give each document its own `clinner_doc_id`, and one line."
    CE065 = (
        "{n} documents have no predictions, among them {docs}. A document without entities needs a line, too: "
        '{{"id": ..., "entities": []}}.'
    )
    CE066 = (
        "{n} predictions belong to no document of the data, among them {docs}. Ids are the documents' `clinner_doc_id` "
        '(or "#0", "#1" by position where they have none): use the data file that the predictions were made for.'
    )
    CE067 = (
        "Document {doc!r}: the predicted entity at {start}-{end} lies outside of the text, which has {length} "
        "characters. Offsets count Unicode code points (carriage returns included), not bytes."
    )
    CE068 = (
        '{path}, line {line} is no prediction ({error}). A line is {{"id": ..., "entities": [[start, end, '
        "label], ...]}} with whole numbers, start before end, and a label that is not empty."
    )
    CE069 = (
        "None of the {n} documents holds gold. If it is in a span group, name that with `--gold-spans-key`; groups "
        "found: {keys}."
    )
    CE070 = "{path} cannot be read as a DocBin ({error}). Write it with `python -m spacy clinner convert`."
    CE071 = (
        "Document {doc!r}: its text in the data and in the corpus of --gold differ from character {offset} on ({ours} "
        "and {theirs} characters long), so that offsets cannot be compared. Likely another version of the corpus, or "
        "other line ends: import the data from this corpus anew."
    )
    CE072 = (
        "{n} documents of the data are not in {path}, among them {docs}. Documents are matched by id "
        "(`clinner_doc_id`): name with --gold the corpus that the data was imported from."
    )
    CE073 = (
        "--gold: the format {format!r} has tokens and no offsets of its own, so import moves nothing. Leave it out, "
        "or use one of {known}."
    )
    CE075 = "--format is the format of the corpus that --gold names. Give both, or neither."

    CE080 = (
        "The config {config} has no setting {setting!r} to override. Give its dotted name, such as training.max_steps, "
        "or fill the config first: `python -m spacy init fill-config`."
    )
    CE081 = (
        "{n} results are missing because trainings failed, among them {cells}. The first error: {error}. What is done "
        "is saved: mend the cause and run the same command again."
    )
    CE082 = (
        "A share of {share} % cannot be drawn from training documents that are {whole} % of the corpus. Shares must "
        "lie above 0 and not above that; say with --whole what percentage of the corpus the training file is."
    )
    CE083 = (
        "{config} transfers nothing, so there is nothing to compare. Put `spacy_clinner.transfer_layers.v1` into its "
        "[initialize.after_init]; see docs/guide/experiments.md."
    )
    CE084 = "{path}: {problems}. See docs/guide/experiments.md."
    CE086 = "{path} names no kind of table: end it in {known}."
    CE088 = (
        "{source}: without a pipeline (`--model`) a table is made of annotated documents: .spacy files, or the folder "
        "of a run (`clinner run --docs`). Name the pipeline that is to annotate the notes."
    )
    CE356 = (
        "GPU {gpu} cannot be used ({reason}). It needs CuPy for its version of CUDA (such as `pip install "
        "cupy-cuda12x`) and a PyTorch that was built with CUDA; `nvidia-smi` lists the numbers of the GPUs. Without "
        "--gpu-id the command runs on the CPU."
    )

    # CE1xx: shapes. 100-119 the CRF, 120-149 encoders
    CE100 = (
        "CRF parameters of {n_labels} labels want emissions with {n_tags} columns and lengths that sum to the number "
        "of rows, but got shape {shape} and a sum of {total}. Likely the tagger's output layer was made for other "
        "labels: initialize the pipeline again, or source the head together with its labels."
    )
    CE101 = (
        "The emission of sequence {sequence}, token {position} is not a finite number. Likely training diverged: "
        "lower the learning rate ([training.optimizer.learn_rate]) or set 'grad_clip', and look at the loss before "
        "this step."
    )
    CE102 = (
        "Gold of sequence {sequence} allows no legal BIOES path: it breaks at token {position}. Likely tags were "
        "written by hand or an 'allowed' mask cuts an entity in two: make tags with spans_to_tags, and check the "
        "mask there."
    )
    CE103 = (
        "Tag {tag} of sequence {sequence}, token {position} is none of -1 (unknown) to {last}. Likely the tags were "
        "made for other labels: convert the spans again with the {n_labels} labels of these CRF parameters."
    )
    CE104 = (
        "Tags of sequence {sequence} break the BIOES rules at token {position}. Likely they come from a decoder "
        "without constraints: decode with viterbi, which returns legal paths only."
    )
    CE105 = (
        "Span [{start}, {end}) with label index {label} does not fit sequence {sequence}, which has {length} tokens "
        "and {n_labels} labels. Likely offsets of characters or of the document were given: count tokens from the "
        "start of the sequence."
    )
    CE106 = (
        "Spans {left} and {right} of sequence {sequence} overlap, and a tag sequence holds flat entities only. Keep "
        "one of them (spacy.util.filter_spans keeps the longer), or give overlapping entities to another tagger."
    )
    CE107 = (
        "CRF parameters do not fit together: {field} has shape {shape}, but {n_labels} labels want {wanted}. Likely "
        "arrays of two heads were mixed: build them with zero_params, or load head and labels from the same folder."
    )
    CE108 = (
        "CRF parameter '{field}' holds a number that is not finite. Likely training diverged: lower the learning "
        "rate ([training.optimizer.learn_rate]) or set 'grad_clip'."
    )
    CE109 = (
        "'{field}' has shape {shape}, but these emissions want {wanted}. Likely gold was made for other windows than "
        "the emissions: take both from the same batch."
    )
    CE110 = "The number of best paths must be at least 1, not {k}. Set k to the length of the list you want."
    CE111 = (
        "The probability an entity needs must lie between 0 and 1, {threshold} does not. Set the tagger's `threshold` "
        "to a number there, or to null for the most probable segmentation."
    )
    CE112 = (
        "A temperature divides scores: it must be a number above 0 and finite, {temperature} is not. Set `temperature` "
        "to 1.0 for the model's own probabilities, or let `python -m spacy clinner calibrate` find it."
    )
    CE113 = (
        "The uncertain gold of sequence {sequence} is no distribution: at token {position}, spans that exclude each "
        "other have probabilities of more than 1 together, or one is below 0. Take spans and probabilities from one "
        "tagger, as `spans_above` returns them."
    )
    CE120 = (
        'Windows of sentences are asked for (`unit = "sentences"`), but a document has no sentence boundaries. Put a '
        'sentencizer before the encoder, in training too (`annotating_components`), or set `unit = "lines"`.'
    )
    CE121 = (
        "The pipeline's vocabulary holds no word vectors, but its encoder reads them. Load the pipeline with its own "
        'vocabulary (no `exclude=["vocab"]`), or in training set `initialize.vectors` to what '
        "`python -m spacy init vectors` has made."
    )
    CE122 = (
        "The vocabulary's word vectors have width {found}, the encoder was trained with width {wanted}. Set "
        "`initialize.vectors` (or the vocabulary you load) to the vectors of the training."
    )
    CE123 = (
        "There is no folder {name!r}, and no transformer of that name can be fetched from the hub ({error}). Name a "
        "folder that holds one (`--paths.transformer FOLDER`), or a transformer of the hub where there is a network."
    )
    CE124 = (
        "The folder {name!r} holds no transformer that can be read ({error}). It must be one that `save_pretrained` of "
        "transformers has written: config.json, model.safetensors and the files of the tokenizer."
    )
    CE125 = (
        "The transformer {name!r} ({kind}) is no encoder of text that reads both sides of a word: it generates text, "
        "or reads something else. Take a BERT, DistilBERT, RoBERTa, XLM-RoBERTa, DeBERTa, XLNet or MPNet."
    )
    CE126 = (
        "The tokenizer of the transformer {name!r} cannot be read ({error}). Copy the files of its tokenizer into the "
        "folder (tokenizer.json and tokenizer_config.json are enough); without tokenizer.json, sentencepiece and "
        "protobuf must be installed for DeBERTa, XLNet and XLM-RoBERTa."
    )
    CE127 = (
        "The transformer {name!r} lacks {n} weights of its architecture ({kind}), among them {weight!r}: they would be "
        "random. Likely config.json is of another transformer than the weights."
    )
    CE128 = (
        "`layer_rates` are for transformers whose layers have weights of their own; this one ({kind}) has no lists of "
        "{n} layers, or others beside them. Leave them out, or take another transformer."
    )
    CE129 = "`layer_rates` with {setting} = {value}: {wanted}."
    CE130 = "Windows cannot overlap by {overlap} tokens. Set `overlap` to 0 or more."
    CE131 = (
        "The tokenizer of the transformer {name!r} has no sign that fills up shorter windows. Name one that it knows: "
        'tokenizer_config = {{"pad_token": "[PAD]"}}, or what it is called there.'
    )
    CE132 = (
        "The tokenizer of the transformer {name!r} knows {n} word pieces, the transformer {rows}. Likely the tokenizer "
        "is another transformer's: copy the right one into the folder."
    )
    CE133 = (
        "{file} of a package of the index is not what a transformer is made of: {problem}. Likely assets/manifests "
        "names another release of the package: name the one that this program was written for."
    )
    CE134 = "`token_dropout` hides part {name!r} ({parts} are there) at a rate of {rate}; it is from 0 to below 1."
    CE135 = "An encoder cannot have {setting} = {value}: it is {wanted}."
    CE136 = (
        "There is no document to find sizes and labels from ({method}). Check the path of the training documents, and "
        "what their reader leaves out."
    )
    CE137 = (
        "The transformer reads {most} word pieces at once, fewer than the {block} of a block. Set --block to {most} or "
        "less."
    )
    CE140 = "A bidirectional LSTM cannot be {width} wide: half of it belongs to each direction. Take an even width."
    CE141 = (
        "`characters` names {n} characters, but only {distinct} different ones. Each has one row of the table: remove "
        "the repeated ones."
    )
    CE142 = (
        "The vocabulary's vectors are of the floret kind, which gives every word a vector, so none would be unknown. "
        "Make a table of words: `python -m spacy init vectors` without `--mode floret`."
    )

    # CE2xx: components and training. 200-209 taggers, 210-219 alignment, 220-229 domains, 230-249 transfer and ties,
    # 270-279 assertions
    CE200 = (
        "Tagger {name!r} has no labels: no example that teaches it holds an entity. Check the corpus, the tagger's "
        "`domains` {domains} and `gold_from` {gold_from!r}, or give `labels` in [initialize.components.{name}]."
    )
    CE201 = (
        "`gold_from` of tagger {name!r} is {value!r}: use 'ents' (gold in doc.ents) or 'spans' (gold in "
        "doc.spans[spans_key])."
    )
    CE202 = (
        "Document {doc!r}: the text of the predicted document differs from the reference's, so gold entities cannot be "
        "found in it. Make both from the same text."
    )
    CE203 = (
        "Document {doc!r}, character {offset}: the gold has label {label!r}, which the tagger does not know. Its "
        "labels: {labels}. Add it in [initialize.components], run `python -m spacy init labels` again, or map it to a "
        "known one."
    )
    CE204 = "{label!r} is no label of tagger {name!r}. Its labels: {labels}."
    CE207 = (
        "Document {doc!r}: the entity [{start}, {end}) does not begin and end with tokens of this pipeline's "
        "tokenizer. Convert the corpus with the tokenizer of the config, or set the config's to that of the corpus."
    )
    CE206 = (
        "Document {doc!r}: its tokens are not those of the pipeline's tokenizer, so it cannot be cut into windows. Run "
        "`python -m spacy clinner convert` with the tokenizer of the config, or read it with `spacy.Corpus.v1`."
    )
    CE208 = (
        "Document {doc!r}: its span group {key!r} has {spans} spans and {scores} probabilities. Each span needs one, "
        'in `attrs["scores"]`; they are lost where a group is copied without its attributes.'
    )
    CE209 = (
        "Document {doc!r}: the tokens of its uncertain gold are not those of the pipeline's tokenizer. Let the teacher "
        "annotate notes with the tokenizer of the config that learns from it."
    )
    CE205 = (
        "Tokens {start} to {end} are no span of this document of {length} tokens: the start must be at least 0 and lie "
        "before the end."
    )
    CE210 = "`{setting}` of aligner {name!r} is {value!r}: use one of {options}."
    CE211 = (
        "Aligner {name!r} has the source domains {source} and the target domains {target}: it needs a target, and no "
        "domain may be both. Set `target` to the names that the reader gives the target's documents; an empty `source` "
        "stands for all others."
    )
    CE212 = "`{setting}` of aligner {name!r} is {value}: it must be a finite number of at least {least}."
    CE213 = (
        "Aligner {name!r} has seen {n} batches in a row without tokens of the {missing} (source {source}, target "
        "{target}), so it compares nothing. Use the batcher `spacy_clinner.batch_by_domain.v1`, which puts both "
        "domains into every batch, with `accumulate_gradient = 1`, which divides none, and check that the names are "
        'those in `user_data["clinner_domain"]`.'
    )
    CE214 = (
        "Aligner {name!r} got no batch from its encoder, so that it cannot teach it. Likely the encoder is in "
        "`frozen_components` (or it is disabled, or stands behind the aligner): take it out of there, or take the "
        "aligner out of the pipeline."
    )
    CE215 = (
        "The encoder gives aligner {name!r} numbers that are not finite. Likely training diverged: lower the learning "
        "rate ([training.optimizer.learn_rate]) or the aligner's `weight`, and look at the loss before this step."
    )
    CE216 = (
        "The loss of aligner {name!r} or its gradient is not finite (MMD^2 {value}, weight {weight}). Likely the "
        "encoder's rows have grown too large: lower the aligner's `weight` or the learning rate "
        '([training.optimizer.learn_rate]), or set `kernel = "median"`.'
    )
    CE217 = (
        "`weight_schedule` of aligner {name!r} gives {factor}, where a finite factor of at least 0 is needed. Use a "
        "schedule without an end, such as `warmup_linear.v1` or `constant_then.v1`."
    )
    CE218 = (
        "MMD compares rows of one width, but source rows have shape {source} and target rows {target}. Likely they "
        "come from two encoders: take both from the same batch."
    )
    CE220 = "`spacy_clinner.DomainCorpus.v1` has no domains. Give each corpus a block [corpora.train.domains.NAME]."
    CE221 = (
        "`label_maps` or `annotated` names the domain {domain!r}, which is none of the corpus' domains: {known}. "
        "Likely a spelling: name it as in [corpora.train.domains.NAME]."
    )
    CE222 = (
        "The corpus of domain {domain!r} cannot be read ({reason}). Check the `path` in its block "
        "[corpora.train.domains.{domain}]: the file must be there and hold documents."
    )
    CE223 = (
        "Domain {domain!r}: its label map names none of its labels, so all its gold would vanish. Labels found: "
        "{labels}; labels in the map: {mapped}. Likely another corpus' map, or another spelling."
    )
    CE224 = (
        "`{setting}` of `spacy_clinner.batch_by_domain.v1` is {value!r}. Give at least one target domain, "
        "`target_words` and `buffer` of at least 1, `source_words` of at least 0, and `source_weights` that are not "
        "negative, not all zero, and name no target domain."
    )
    CE225 = (
        "Document {doc!r} has no domain. Read the corpora by `spacy_clinner.DomainCorpus.v1`, which names the domain "
        "of every example."
    )
    CE226 = (
        "No example belongs to the target domain {domain!r}. Domains found (examples): {found}. Name the target in "
        "[training.batcher] as in [corpora.train.domains.NAME]."
    )
    CE227 = (
        "The {missing} has no example. Domains found so far (examples): {found}. Add its corpus to "
        "[corpora.train.domains], or set `source_words = 0`; in a stream let the domains alternate, or raise `buffer`."
    )
    CE228 = (
        "`source_weights` has no weight for the source domain {domain!r}; it names {weights}. Add it, with 0 to leave "
        "it out."
    )
    CE229 = (
        "Document {doc!r} of the domain {domain!r} has an entity {label!r} at character {offset}, but `annotated` says "
        "that the domain was annotated for these labels only: {labels}. Add the label there, or rename it or leave it "
        "out by `label_maps`."
    )

    CE230 = (
        "{path} is no trained pipeline: it has no config.cfg. Set `source` in [initialize.after_init] to a folder that "
        "`spacy train` wrote, such as `training/source/model-best`."
    )
    CE231 = (
        "Wrong settings of spacy_clinner.transfer_layers.v1: {problem}. A block has `target` (an address such as "
        '"ner:tok2vec.encode"), `source` (null or an address), `load`, `reinit` and `freeze` (true or false), '
        "`lr_scale` and `pull` (numbers from 0); see docs/guide/transfer_layers.md."
    )
    CE233 = "Block {block!r}: there is no component {name!r} in the pipeline. Components: {pipes}."
    CE234 = (
        "Block {block!r}: in the address {address!r}, {name!r} is no part of the model. Parts there: {known}. (Models "
        "copied by `replace_listeners` have none until they are saved and loaded.)"
    )
    CE235 = (
        "Block {block!r}: the parameter {param!r} has shape {ours} in {target!r}, but {theirs} in {source!r} of the "
        "source. Give this layer the same width, depth and number of rows in both configs (the source's is the "
        "config.cfg in its folder), or leave the block out (`load = false`)."
    )
    CE236 = (
        "Block {block!r}: {target!r} has other layers than {source!r} of the source, so weights cannot be matched. "
        "Here: {ours}. There: {theirs}. Take the architecture and its settings from the source's config.cfg, or leave "
        "the block out (`load = false`)."
    )
    CE237 = (
        "Block {block!r}: its weights belong to labels, and source and target have none in common. Labels here: "
        "{ours}. There: {theirs}. Rename labels when you convert a corpus, or leave the block out (`load = false`)."
    )
    CE238 = (
        "Block {block!r}: `freeze`, `lr_scale` and `pull` of {address!r} mean nothing, as component {pipe!r} does not "
        "learn (it has no `finish_update`), or is compiled, as spaCy's `ner` and `parser`. Leave these settings out of "
        "the block, or let the component listen to a shared encoder, whose weights take them."
    )
    CE239 = (
        "Block {block!r}: the parameter {param!r} of {address!r} in pipeline {pipeline!r} has no value yet. Transfer "
        "layers in [initialize] `after_init`, when all components are initialized, from a pipeline that was trained."
    )
    CE240 = "{layer!r} is no layer of the tagger {name!r}. For `up_to`, choose one of: {layers}."
    CE241 = (
        "`up_to` moves layers of a CRF tagger, but which one of the {where} pipeline is not clear (asked for: {name!r}"
        "). Its CRF taggers: {taggers}. Set `pipe`, or name addresses in `blocks`."
    )
    CE242 = (
        "Block {block!r}: torch keeps the weights of {address!r} itself, in component {pipe!r}. They can be loaded, "
        "frozen, slowed and pulled, but not drawn anew: leave `reinit` out. For other initial weights, name another "
        "transformer in the component's model."
    )
    CE243 = (
        "The blocks {one!r} and {other!r} name the same weights ({param!r}). Remove one; of overlapping blocks, the "
        "narrower decides."
    )
    CE355 = (
        "Block {block!r}: {address!r} names no weights: that part of component {pipe!r} has none. Likely it learns "
        "nothing, or it listens to an encoder that is not before it in the pipeline. Name another part, or leave the "
        "block out."
    )
    CE244 = (
        "`tie_to` of tagger {name!r} is {value!r}, but it must name another clinner_crf_tagger of the pipeline. "
        "There are: {taggers}."
    )
    CE245 = (
        "Tagger {name!r} is tied to {source!r}, but they have no label in common. Labels of {name!r}: {ours}. Of "
        "{source!r}: {theirs}. Rename labels when you convert a corpus, or set `tie_to = null`."
    )
    CE246 = (
        "Tagger {name!r} is tied to {source!r}, but reads rows of width {ours}, not {theirs}. Let both listen to one "
        "encoder, or set `tie_strength.emissions = 0.0` to tie their transitions alone."
    )
    CE247 = (
        "Tagger {name!r} has `tie_to = {source!r}`, but was not connected with it: it was sourced or loaded, not "
        'initialized. Set `[initialize.after_init] @callbacks = "spacy_clinner.relink.v1"` (or transfer_layers, '
        "which does that, too), or call `spacy_clinner.assembly.relink.relink(nlp)`."
    )
    CE248 = (
        "`tie_strength` of tagger {name!r} is {value}. It takes the numbers `emissions`, `transitions` and `bounds`, "
        "each from 0."
    )
    CE249 = (
        "Component {name!r} cannot be dropped: {listeners} listen(s) to it. Keep it, drop its listeners too, or call "
        "`nlp.replace_listeners` before."
    )

    CE250 = (
        "The relation extractor {name!r} found no relations in the training documents. They belong in "
        '`doc.user_data["clinner_relations"]` (docs/guide/relations.md); the reader must keep user_data, and a DocBin '
        "must be written with `store_user_data=True`. Or give the labels: [initialize.components.{name}] labels."
    )
    CE251 = (
        "Document {doc!r} has a relation with the label {label!r}, which the extractor does not know. It knows: "
        "{labels}. Its labels are fixed when it is initialized: train again from the start, or correct the label."
    )
    CE252 = (
        "Document {doc!r}: the predicted and the gold text differ, so relations cannot be compared. Let the gold "
        "keep the text as it was annotated."
    )
    CE253 = (
        "Document {doc!r}: the {side} of a relation {label!r} is [{start}, {end}), and no entity has these offsets. "
        "Convert the corpus so that relations of entities that were left out are left out, too, or set the extractor's "
        "`spans_key` to the group that holds the entities."
    )
    CE254 = (
        "The relation extractor learns between predicted entities, but no component has annotated document {doc!r}. "
        'Name the tagger in `[training] annotating_components`, or set the extractor\'s `entities = "gold"`.'
    )
    CE255 = (
        "The threshold of relations must lie between 0 and 1, {threshold} does not. Set the extractor's `threshold` to "
        "a number there."
    )
    CE256 = "`{setting}` of the relation extractor {name!r} is {value!r}. Set it to one of {known}."
    CE257 = (
        "`label_pairs` of the relation extractor {name!r} allows no pair of known entity labels. Known: {labels}. It "
        "maps a head's label to the labels of its children; null allows what was seen in training."
    )
    CE466 = (
        "Relation extractor {name!r}: `nO` of its model is {nO}, but there are {n_labels} relation labels. Leave it "
        "null: it is found with the labels."
    )

    CE260 = (
        "Two pipelines have a component named {name!r}, so they cannot be combined. Leave it out of one "
        "(`python -m spacy clinner strip`), or give it another name in the config of its training."
    )
    CE261 = (
        "Other components listen to {names}, and only the first of combined pipelines may have such an encoder. Name "
        "that pipeline first, or train the others with encoders of their own."
    )
    CE262 = (
        "The pipelines have different word vectors, and one pipeline can hold one table only. Train them with the same "
        "`initialize.vectors`."
    )
    CE439 = (
        "The components {one!r} and {other!r} of two pipelines both write the span group {group!r}, so the second "
        "would replace what the first finds. Train one of them with another `spans_key`, and let a "
        "`clinner_entity_union` unite both groups."
    )
    CE454 = (
        "Component {reader!r} reads the entities that {writer!r} finds ({where}), and stands before it: it would miss "
        "them. Name the pipeline of {writer!r} first."
    )
    CE455 = (
        "The pipeline finds no entities of these labels: {unknown}. It finds: {known}. Correct the labels, or take "
        "another pipeline."
    )
    CE271 = (
        "Component {name!r} needs sentence boundaries, and a document has none. Put a sentencizer before it: "
        '`nlp.add_pipe("clinner_sentencizer", before={name!r})`.'
    )
    CE272 = (
        "ConText rules: {problem}. A rule has a `literal`, a `category` (NEGATED_EXISTENCE, POSSIBLE_EXISTENCE, "
        "HISTORICAL, HYPOTHETICAL or FAMILY) and a `direction` (FORWARD, BACKWARD, BIDIRECTIONAL, TERMINATE or "
        "PSEUDO); see docs/guide/context.md."
    )
    CE273 = (
        "Component {name!r} reads the span group {key!r}, which a document does not have. Its groups: {known}. Set "
        "`spans_key` to the one that the tagger writes, or to null for doc.ents."
    )
    CE274 = (
        'Component {name!r}: medspaCy has no ConText rules for the language {lang!r}. Set `rules = "none"` and add '
        "your own with `add_rules`."
    )
    CE364 = (
        "Component {name!r}: `{setting}` is {value}. It bounds what time a long note takes, and must be at least 1; "
        "leave it out for the default."
    )
    CE280 = "Line {line} of {file} is no pair of concepts. Each line has a concept, a tab and a broader concept."
    CE281 = (
        "Component {name!r} has no hierarchy of concepts. Give it one: `[initialize.components.{name}.broader]` with "
        '`@readers = "spacy_clinner.broader_concepts.v1"` and the `path` of a file, or `initialize(broader=...)`.'
    )
    # 290-299 files of components
    CE290 = (
        "Component {name!r}: {file} is missing in {folder}. Likely the pipeline was copied in part: copy all of it "
        "again, or save it anew."
    )
    CE291 = (
        "Component {name!r}: {file} in {folder} is not as it was saved: its SHA-256 is not the one in {checksums}. If "
        "it was cut off or damaged, copy the pipeline again. If it was changed on purpose, remove {checksums}, load "
        "the pipeline and save it anew (`nlp.to_disk`)."
    )
    CE292 = (
        "Component {name!r}: {file} cannot be read ({error}). Likely it is damaged or cut off, or the config.cfg is "
        "of another pipeline: copy the whole pipeline again."
    )
    CE293 = (
        "Component {name!r}, {where}: labels, settings and weights do not belong together: {what}: {found}, wanted: "
        "{wanted}. Likely files of two pipelines were mixed, or `cfg` was changed: copy the whole pipeline again."
    )
    CE294 = (
        "Component {name!r}, {where}: the weights {param!r} of layer {layer!r} hold numbers that are not finite. "
        "Likely its training diverged: train it again with a lower learning rate ([training.optimizer.learn_rate])."
    )
    CE295 = (
        "The vocabulary's word vectors hold numbers that are not finite, in {n} of {total} rows. Take these words out "
        "of the file that the vectors were made from, and run `python -m spacy init vectors` again."
    )
    CE296 = (
        "Component {name!r}, {where}: the vocabulary's word vectors are not those that it was saved with, so that its "
        "results would be others. Copy the whole pipeline again. If the vectors were changed on purpose, remove "
        "checksums.json in the component's folder, load the pipeline and save it anew (`nlp.to_disk`)."
    )
    CE297 = (
        "Scores of relations are no finite numbers. Likely the extractor's training diverged, or that of the encoder "
        "that it listens to: lower the learning rate ([training.optimizer.learn_rate]) or set 'grad_clip'."
    )
    CE298 = (
        "None of the {n} documents tells of relations: gold is in `user_data['clinner_relations']` (an empty list: "
        "none). Convert a corpus that has them, or score entities, `clinner evaluate`."
    )
    CE299 = (
        "Tagger {name!r}: `nO` of its model is {nO}, but {n_labels} labels need {n_tags} tags, four for each and one "
        "for outside. Leave it null: it is found with the labels."
    )
    CE350 = (
        "{evaluations} evaluations cannot be spread over {max_steps} steps: both must be at least 1. Say how long the "
        "training is in `training.max_steps` (and leave `max_epochs` at 0), or give `training.eval_frequency` as a "
        "number of steps."
    )
    CE351 = (
        "A learning rate cannot fall to zero within {total_steps!r} steps. Let `total_steps` be "
        "`${{training.max_steps}}`, and say there, in at least 1 step, how long the training is."
    )
    CE352 = "The corpus {name!r} names no file: a path in it is null. Give it as to `spacy train`: {options}."
    CE353 = (
        "The corpus {name!r} holds no document. Check its path, and write it with `python -m spacy clinner convert`."
    )
    CE354 = (
        "There is no recipe of these choices ({name}). Nearest are: {near}. Their names tell the choices: task, corpus "
        "(demo), encoder, head, method."
    )
    CE357 = (
        "The recipe {name} reads no word vectors. Leave `--vectors` out, or choose a recipe of another corpus or "
        "encoder."
    )
    CE258 = (
        "One relation extractor is wanted, and the pipeline has {found}. Its components: {pipes}. Load a pipeline that "
        "was trained with one `clinner_relation_extractor`, or leave the others out (`python -m spacy clinner strip`)."
    )
    CE259 = (
        "Relations end to end need a component that finds entities, and the pipeline has none: {pipes}. Put a tagger "
        "before the extractor, or ask for `--entities gold`."
    )
    CE358 = '{what} needs the package {module}, which is not installed: `pip install "spacy_clinner[{extra}]"`.'
    CE359 = '{name!r} is not registered, as a package is not installed: `pip install "spacy_clinner[{extra}]"`.'
    CE366 = "A component has written something on this note that cannot be read or stored ({error})."
    CE365 = (
        "Something unforeseen: {place}. Its message is left out, as it may quote a note; where notes may be seen, set "
        "`{variable}=1` to have it with the traceback. If the file is one of this package, please report the bug."
    )
    CE370 = (
        "Component {name!r} is to predict the labels of {domains}, but no gold entity comes from there. Name domains "
        "of [corpora] in `[initialize.components.{name}] label_domains`, or leave that setting out."
    )
    # 371-379 processes that work
    CE371 = (
        "The process of this training died: it was killed, likely for want of memory. Run the same command again, with "
        "fewer trainings at once (--jobs). If every process dies at its start, the script that calls this lacks "
        '`if __name__ == "__main__":`.'
    )
    CE372 = (
        "Another run works in {folder}, and two would do everything twice. Wait until it has ended, or name another "
        "folder."
    )
    CE373 = (
        "{path}, line {line} is no result of a training: the file was damaged or edited. Delete that line and run the "
        "same command again: what is missing is trained anew."
    )
    CE374 = (
        "{n} files of data are missing, among them {paths}. Make them first, as the page of the experiment tells "
        "(docs/), or mend the paths: they start from {folder}."
    )
    # 375-379 unions of heads
    CE375 = "`{setting}` of component {name!r} is {value}, but must be {must}."
    CE376 = (
        "`{setting}` of component {name!r} names {unknown}, but there is only: {known}. Likely a name is misspelt: "
        "`labels` and `assumed` name span groups of `heads`, and in `labels` each has labels that its head finds."
    )
    CE377 = (
        "Component {name!r} unites the span group {key!r}, which document {doc!r} lacks; it has: {known}. Likely the "
        "head with that `spans_key` did not run: put it before this component, enabled, or take it out of `heads`."
    )
    CE378 = (
        'Document {doc!r}: the span group {key!r} of {n} spans has no `attrs["scores"]` with a probability from 0 to 1 '
        "for each, which component {name!r} needs. If the group is of rules, say how probable what they find is: "
        "`assumed` of {name!r}."
    )
    CE379 = (
        "Component {name!r} would have no head left to unite: all of its groups ({heads}) are written by components "
        "that are dropped. Keep one, or drop {name!r} as well."
    )
    CE363 = (
        "To judge a pipeline on the documents that it was trained on, others are trained on parts of them: "
        "`paths.train` of its config ({path}) must name a file of at least {folds} documents, {n} are there. Start "
        "where that path leads to the file, ask for fewer --folds, or name other documents with gold."
    )
    CE381 = (
        "None of the components {pipes} has probabilities that can be calibrated: taggers (clinner_crf_tagger) and "
        "relation extractors (clinner_relation_extractor) have."
    )
    CE382 = (
        "{path} holds no gold for {names}: without an entity or a relation nothing tells how sure it should be. Name "
        "documents that are annotated, under the keys that the component reads (`gold_from`, `spans_key`, `domains`)."
    )
    CE383 = (
        "{path} is what the pipeline was trained on ({train}, by its checksum): there it is right more often than "
        "elsewhere, and would stay too sure of itself. Name documents that it has not seen, or insist by "
        "--training-data."
    )
    # 384-389 ensembles
    CE384 = (
        "Pipeline {number} of the ensemble has {n} active taggers (clinner_crf_tagger) among its components: {names}. "
        "Each must have exactly one: leave others out (`python -m spacy clinner strip`)."
    )
    CE385 = (
        "Pipeline {number} of the ensemble reads texts in another way than the first: their {what} differ. Train all "
        "with the same `[nlp]` settings, `initialize.lookups` and components before the tagger, such as a sentencizer."
    )
    CE386 = (
        "The tagger of pipeline {number} of the ensemble has other labels than the first; only one of them knows "
        "{labels}. Train all on the same corpus, or give all the same `[initialize.components.NAME] labels`."
    )
    CE387 = (
        "`{setting}` of the tagger in pipeline {number} of the ensemble is {theirs}, but {ours} in the first: they "
        "were not taught the same. Train all with the same settings."
    )
    CE388 = (
        "Tagger {name!r} of pipeline {number} cannot be a member of an ensemble: it needs a trained model of "
        "spacy_clinner.CRFTagger.v1 with an encoder that can be its own, and has {architecture}. Of an ensemble, name "
        "the members instead."
    )
    CE389 = (
        "The encoder {name!r} of spacy_clinner.TaggerEnsemble.v1 listens to another component. Give each member an "
        "encoder of its own; `python -m spacy clinner ensemble` makes them of taggers that listen."
    )
    # 391-394 what is in two corpora
    CE391 = (
        "{path} is a corpus that was imported already: name the files to look for in it (--against). To audit an "
        "import, name the corpus that it comes from."
    )
    CE392 = (
        "{option} does not go with {other}: --against compares two .spacy files, and --leave-out writes the first one "
        "without what is in the others; the other options but --out are of imports."
    )
    CE394 = (
        "Nothing would be left of {path}: all its documents are in the other files, or have no gold outside of what "
        "is. Compare with fewer files; if texts are alike but not the same, with a higher --share."
    )
    # 395-399 many corpora in one training
    CE395 = (
        "`{setting}` of `spacy_clinner.batch_by_corpus.v1` is {value!r}. Give `words` of at least 1, an `exponent` "
        "from 0 to 1, and `weights` that are not negative and not all zero."
    )
    CE396 = (
        "`spacy_clinner.batch_by_corpus.v1` found these corpora (examples): {found}; weights are given for: {weights}. "
        "Name each corpus in `weights`, as in [corpora.train.domains.NAME], with 0 to leave it out, and no other."
    )
    CE397 = (
        "`spacy_clinner.batch_by_corpus.v1` cannot read a stream: the sizes of its corpora are not known. Set "
        "`[training] max_epochs = 0`, which holds them in memory, or use `spacy_clinner.batch_by_domain.v1`."
    )
    CE398 = (
        "The component {name!r} listens to {encoder!r} by another listener than that allows: its model needs "
        '`@architectures = "{listener}"` with `upstream = "{encoder}"`. Layers that listen to an encoder do not leave '
        "their rows in `doc.tensor`."
    )
    CE399 = (
        "A component cannot have a copy of layers that listen to an encoder themselves: nobody would feed the copy. "
        "Give the layers a copy of the encoder first, `nlp.replace_listeners(ENCODER, LAYERS, [PATH])`."
    )
    # 400-408, 414-417, 438 exported models
    CE400 = (
        "The layer {layer} was exported: it has no gradients, and cannot be trained or initialised. Train the pipeline "
        "that it was exported from, and export that again (`clinner export`); or name the component of this layer in "
        "`[training] frozen_components`, and in `annotating_components` if others listen to it."
    )
    CE401 = (
        "An exported layer (`spacy_clinner.OnnxLayers.v1`, `spacy_clinner.OnnxTransformer.v1`) has no graph yet. It "
        "comes with the pipeline that `clinner export` writes: load that by `spacy.load`. To train, use the config of "
        "the pipeline that was exported."
    )
    CE402 = (
        "An exported layer is not as it was saved: its checksum differs. Export the pipeline anew, or copy it again."
    )
    CE403 = (
        "These components need torch for what cannot be exported (layers of another package): {names}. Export a "
        "pipeline without them (`clinner strip --drop NAME`), or tag with torch."
    )
    CE404 = (
        "No component computes with layers that are to be exported; the pipeline has: {names}. If it was exported "
        "before, export the one that it was made of. A pipeline without LSTMs and characters needs no torch as it is."
    )
    CE405 = (
        "The model of component {name!r} has layers of this package inside of an architecture of another one, which "
        "would build them with torch again. Export a pipeline whose config names this package's architectures."
    )
    CE406 = (
        "The quantized pipeline loses too much and was not written: {f:.2f} points of strict F1 (allowed: {max_f:g}); "
        "of recall by label: {recalls} (allowed: {max_recall:g}). Export without --quantize, judge it on more "
        "documents (--dev), or allow more (--max-loss, --max-recall-loss)."
    )
    CE407 = (
        "The exported pipeline does not work in a process without torch, and was not written: {error}. Leave out the "
        "component that needs it (`clinner strip --drop NAME`), or see that an installed package provides it."
    )
    CE408 = (
        "The pipeline finds no entity of the gold in --dev, so what quantizing loses cannot be seen. Name the span "
        "groups that it writes and that hold the gold (--spans-key, --gold-spans-key), or take other documents."
    )
    CE414 = (
        "A transformer of the family {kind!r} cannot be exported: {problem}. Tag with torch, or train "
        "`spacy_clinner.TransformerModel.v1` on another family, with windows of `spacy_clinner.window_spans.v1`."
    )
    CE415 = (
        "The component {name!r} listens to the transformer {encoder!r} in a way that cannot be exported: it has to be "
        "`spacy-transformers.TransformerListener.v1` with `reduce_mean.v1` as its pooling."
    )
    CE416 = (
        "No component computes with a transformer of `spacy_clinner.TransformerModel.v1`, so none in bfloat16; the "
        "pipeline has: {names}. LSTMs are quantized by `--quantize int8`."
    )
    CE417 = (
        "A transformer of the family {kind!r} does not read in bfloat16 ({error}). Export it (`clinner export`), with "
        "`--quantize int8` if wished, or train on another family."
    )
    CE438 = (
        "Exported, the component {name!r} would read rows of the encoder {found!r}, not of {encoder!r}: both leave "
        "them in `doc.tensor`, which holds those of one. In the config.cfg of the pipeline, let `[nlp] pipeline` name "
        "each encoder after those who listen to the one before it, and export that."
    )
    # 409-413 notes in tables
    CE409 = (
        "{file} must have one column {column!r}, and has {n}. Its columns: {known}. Name another (`--id-column`, "
        "`--text-column`, `--also`; in Python `Columns`), or write the file again with the names as its first row."
    )
    CE410 = "{place} is no note ({problem}). A row has the columns {id!r}, a string or a whole number, and {text!r}."
    CE411 = (
        "Column {column!r} of {file} is of the type {type}, of which no {wanted} can be. Write the column again as "
        "strings, or name another (`--id-column`, `--text-column`; in Python `Columns`)."
    )
    CE412 = (
        "{file}: the quotes of the row that begins in line {line} do not match, so it is unknown where the next row "
        "begins. Export the table again with quotes around cells that hold line breaks, separators or quotes, and "
        "with each quote inside of a cell twice; or as .jsonl or .parquet."
    )
    CE413 = (
        "{file} is no whole Parquet file that can be read ({error}): likely a copy or download of it broke off. Get it "
        "again."
    )
    # 418 annotations of another text
    CE418 = (
        "Document {doc!r} has annotations of the characters {start} to {end}, but its text has {n}. Likely it was made "
        "of a part of another document, by whose text they count: `Span.as_doc` without `copy_user_data` takes none "
        "along."
    )
    # 340-349 many notes, and documents whose tokens were changed
    CE340 = (
        "A component has written something on this note that cannot leave its process ({error}). Annotate without "
        "`--n-process`."
    )
    CE341 = (
        '{file}, line {line} is no note ({problem}). A line is {{"{id}": ..., "{text}": ...}} in UTF-8, the id a '
        "string or a whole number; commands that have --id-column and --text-column read other keys by these."
    )
    CE342 = (
        "Component {component!r} fails on this note: {error}. All others go on; find the cause by `nlp(text)` on this "
        "note, where its text may be shown."
    )
    CE343 = "The file cannot be read ({error}). See that it is there and that you may read it."
    CE344 = "{path} is {problem}. Name another."
    CE345 = (
        "Document {doc!r} has {tokens} tokens, but its encoder has read {rows}: a component between the encoder and "
        "the one that listens to it has changed the tokens (such as merge_entities or token_splitter). Put that one "
        "behind all that listen to the encoder."
    )
    CE346 = "This note cannot be written as {format}: {problem}."
    CE347 = "None of the {n} notes could be annotated, so {path} was not written."
    CE348 = "No document has a span group {key!r} (`--spans-key`). There is: {known}."
    CE349 = (
        "The process that annotates this note dies, likely for want of memory. Annotate it alone on a larger machine, "
        "or cut it."
    )
    # 420-434, 436, 460 unlabelled notes
    CE420 = "{path} is no whole gzip file ({error}): likely a copy or download of it broke off. Get it again."
    CE421 = (
        "{path} holds no .spacy file, so no note can be compared with it. Name the labelled files that the notes must "
        "not hold, or the folder that they are in."
    )
    CE422 = (
        "No note is left to learn from. Of {found}: {left_out}. Give other notes, or fewer labelled files (--against)."
    )
    CE423 = (
        "The notes that are left have {found} words, fewer than the {wanted} without which nothing can be learned from "
        "them ({setting}). Give more notes, or lower it."
    )
    CE424 = (
        "No word is there {n} times (--min-count) in the notes, so floret has nothing to learn. Give more notes, or "
        "lower it."
    )
    CE425 = (
        "{path} cannot be read as a transformer ({error}). Name a folder that holds config.json, the weights and the "
        "tokenizer, as `save_pretrained` writes them; nothing is fetched."
    )
    CE426 = (
        "No vectors of width {dim} (--dim) can be had of {words} words by a transformer of width {width}. Set a width "
        "that is at most both."
    )
    CE427 = (
        "No word is in {n} notes, and rarer ones, such as names, are not kept in a table that can be read. Give more "
        "notes, each as a file or line of its own."
    )
    CE428 = (
        "{path} {problem}. Name the folder of a pipeline with word vectors, as `python -m spacy init vectors` writes."
    )
    CE429 = (
        "This encoder cannot be pretrained as a language model: {problem}. Its forward states have to read the words "
        "before only, its backward states those behind. Take a config whose encoder is a spacy_clinner.WindowedTok2Vec"
        ".v1 of embeddings of single words and a spacy_clinner.BiLSTMEncoder.v1 of depth 1."
    )
    CE430 = (
        "The config has {n} encoders of its own, but one is pretrained. Take the config of one tagger, or of taggers "
        "that share an encoder."
    )
    CE432 = (
        "The checkpoints in {path} are of another pretraining: notes, config, transformer, vectors or settings are "
        "others. Give what it was started with to go on, or another folder to write to."
    )
    CE433 = "There is only one note, and some must be held out. Give each note as a file or line of its own."
    CE434 = (
        "`up_to` names {layer!r}, but the source is an encoder alone ({encoder!r}), without the layers of a tagger. "
        'Choose up_to = "token_encoder", or a layer below.'
    )
    CE435 = (
        "{place} is not the line that was found there first: the file has been changed meanwhile. Annotate again when "
        "nobody writes to it."
    )
    CE436 = (
        "Note {note!r} has {length} characters, and the pipeline reads {most} at once. Divide the note, or leave it "
        "out."
    )
    CE460 = (
        "The transformer in {path} makes the same of every word, so its vectors would tell none from another. Likely "
        "its tokenizer does not know their letters: take a transformer of the notes' language."
    )
    # 440-449, 456 notes that a model labels, transformers that go on learning
    CE440 = (
        "`{setting}` is {value!r}: an entity that is sure needs a probability above 0.5 and at most 1, a token outside "
        "may have less than that, share and sharpness are above 0; `labels` is one of soft, sure and all."
    )
    CE441 = (
        "Notes are labelled by one tagger of the pipeline, and --tagger does not say which: it has {known}. Name one "
        "of them."
    )
    CE442 = (
        "Labelled notes cannot join this training: `{setting}` is {value!r}. Batches must be made by "
        "`spacy.batch_by_words.v1` of one size, or by `spacy_clinner.batch_by_domain.v1` (with `source_weights` if "
        "there are several sources), and a reader with a path read the gold, such as `spacy_clinner.WindowCorpus.v1`."
    )
    CE443 = (
        "{path} is no transformer that can guess masked words: its architecture has no such head here, or its "
        "tokenizer has no mask. BERT, DistilBERT, RoBERTa, DeBERTa, MPNet and XLM-R have both."
    )
    CE445 = (
        "The pipeline that labels finds labels which the training's gold has not: {labels}. Drop them from it, name "
        "them in the gold, or take another pipeline."
    )
    CE446 = (
        "The pipeline that labels knows nothing of these labels of the gold: {labels}. By probability it would teach "
        "that there are none: use --labels sure or all, whose notes leave that open."
    )
    CE447 = (
        "{path} is the pipeline that is to label notes, or one that no such command has made, and would be replaced. "
        "Name another --output."
    )
    CE448 = (
        "None of the thresholds finds a relation that is right, so none is better than another. Train longer, or see "
        "what is missing with `python -m spacy clinner evaluate-relations`."
    )
    CE449 = (
        "The tagger that is to learn from notes has its gold in span groups ({groups}), which cannot leave open where "
        "entities are: use --labels soft or all."
    )
    CE456 = (
        "The pipeline has no tagger that labels notes: only a `clinner_crf_tagger` does, and its components are "
        "{names}. Name a pipeline that has one, such as a trained recipe for entities."
    )
    # 450-453 trainings that go on after a kill
    CE450 = (
        "The optimizer has moved parameters that are in no component's model: {parameters}. A training that does so "
        "cannot be gone on with: use `spacy train`."
    )
    CE451 = (
        "All checkpoints in {folder} are damaged. Remove the folder of the training and train again, or look for the "
        "cause: a full or failing disk."
    )
    CE452 = (
        "A training has been in {folder}: go on with it by --resume, or name another folder. Nothing there was changed."
    )
    CE453 = (
        "The training that was stopped in {folder} is another one, they differ in: {names}. Go on with the same "
        "config, data, versions and threads, or name another folder."
    )
    # 470-479 many notes, annotated shard by shard
    CE470 = (
        "There is no pipeline {name!r}: give a folder that holds a meta.json, as `nlp.to_disk` and trainings write it, "
        "or the name of an installed package."
    )
    CE471 = "A worker cannot load the pipeline {pipeline}: {error}. Mend it, then go on by --resume."
    CE472 = (
        "The worker of shard {shard} has ended {n} times without being at a note. Likely the machine has too little "
        "memory for so many workers, or for the tables of a shard: lower --workers or --shard-mb."
    )
    CE473 = (
        "The note took more than {seconds} seconds, and was given up. If such notes may take longer, raise --seconds "
        "or --seconds-per-mb."
    )
    CE474 = (
        "The run in {folder} began with other settings, so that its tables would be mixed: {changed}. Go on with the "
        "same ones, or name another folder."
    )
    CE475 = "Tables have columns of their own of the names {names}: rename these columns of the notes."
    CE476 = (
        "Notes have changed while the run read them (shard {shard}). What is written stays; go on by --resume when "
        "nobody writes to them."
    )
    CE477 = "There is no space left for {folder}. All that is written counts: make space, then go on by --resume."
    CE478 = (
        "Of {notes} notes there are rows of {found}: a note would be lost, or twice in the tables. This is a bug: "
        "please report it."
    )
    CE479 = (
        "The files of the pipeline are not those that the run began with. Put these back, or begin another run with "
        "what is there."
    )
    CE485 = (
        "The manifest {path} is damaged ({error}), so nobody knows which shards are done. Likely the disk is; name "
        "another folder."
    )
    CE486 = "The run in {folder} gives no table: {problem}."
    CE487 = (
        "Shard {shard} cannot be annotated, by something unforeseen: {place}. If the file is one of this package, "
        "please report the bug. All that is written counts; go on by --resume when it is mended."
    )
    # 480-483 shards on Ray and Spark
    CE480 = (
        "{engine} cannot be started or reached ({error}): its own messages say why. To do without it on this "
        "machine: --executor processes."
    )
    CE481 = (
        "Shard {shard} could not be annotated, though it was tried several times ({error}): the engine's own logs say "
        "why. Likely a machine has too little memory, or lacks the package. All that is written counts: go on by "
        "--resume."
    )
    CE482 = (
        "Spark needs Java 17 or newer, and there is none: install it (`apt install openjdk-17-jre-headless`), or let "
        "JAVA_HOME name its folder."
    )
    CE483 = (
        "Shards cannot be annotated over Spark Connect: run in the driver of the cluster, as by spark-submit, with "
        "SPARK_REMOTE unset."
    )
    # 360 documents that fail in a batch
    CE360 = (
        "Component {name!r} failed on document {doc!r}, the {n}. of those that it got. To go on with the others, leave "
        "it out, or give `nlp.set_error_handler` a function: it gets this document alone."
    )
    # 361-363 how sure a model is
    CE361 = (
        "{path}, line {line}: `probabilities` must be numbers from 0 to 1 (or null), one for each of `entities` in "
        "their order, and the same for the same entity. Leave the key out if they are not known."
    )
    CE362 = (
        "No predicted entity has a probability, so there is nothing to draw for --reliability. A `clinner_crf_tagger` "
        "writes them; a line of a .jsonl file has them under `probabilities`."
    )


class Warnings(metaclass=_Coded):
    # same ranges as the errors, CW instead of CE
    CW001 = (
        "Document {doc!r}: {n} of {total} relations are not written, because their head or child is not in doc.ents. "
        "Likely entities were predicted anew and relations were not, or the relations are between spans of a group."
    )
    CW002 = (
        "Document {doc!r}: {n} of {total} relations are not written: entries of i2b2 2009 hold only what is related to "
        "a DRUG of doc.ents as DOSAGE, MODE, FREQUENCY, DURATION or REASON. Map the labels, or write brat."
    )
    CW003 = (
        "{n} of {total} documents are annotated in part, {doc!r} among them: for some tokens, or of some labels alone. "
        "{format} cannot say of which, and all that is outside of entities will be read as {read_as}."
    )
    CW004 = (
        "Document {doc!r}: {n} of {total} relations are not written: PubTator relates concepts, and these are not "
        "between mentions of concepts that are related. A document without relations is read as one that has none: "
        "say --no-relations then, or write brat."
    )
    CW005 = (
        "{n} of {total} documents have {what}, {doc!r} among them. {format} has no place for them, and they are not "
        "written. Write a format that has, such as brat."
    )
    CW330 = (
        "Document {doc!r}: {n} of {total} entities are not written: entries of i2b2 2009 hold each DRUG and the fields "
        "that relate to one. Map the labels and add relations, or write another format."
    )
    CW310 = (
        "The pipeline's tokens are not the data's in {differ} of {total} documents: {ours} tokens by {tokenizer}, "
        "{theirs} in the data. {cut} of {entities} gold entities do not begin and end with the pipeline's tokens: it "
        "cannot find them. Convert the data with the pipeline's tokenizer (--tokenizer), or train with the data's "
        "(--nlp.tokenizer); see docs/guide/tokenizer.md."
    )
    CW311 = (
        "Document {doc!r} holds {n} sentences with {length} characters, and spaCy takes {limit} at once. Likely the "
        "file has no marks of documents: cut it with --n-sents."
    )
    CW321 = (
        "Document {doc!r}: {n} of {total} assertions are not written, because they are of no entity that is. Likely "
        "entities were predicted anew on an imported document: write these (--ents-only)."
    )
    CW331 = (
        "doccano has no field for probabilities, so they are not written. Write prodigy or label-studio to see them, "
        "or keep probable entities only: raise the tagger's `threshold`."
    )
    CW112 = (
        "The CRF's compiled code cannot be kept: neither the package's folder nor the user's cache can be written. "
        "Every process compiles it again at its first note, which takes some five seconds. Set NUMBA_CACHE_DIR to a "
        "folder that this user can write; see docs/guide/servers.md."
    )
    CW200 = (
        "Tagger {name!r} listens to an encoder, but the documents carry none of its output: predictions will be "
        "meaningless. Keep the encoder ('tok2vec' or 'transformer') in the pipeline, before the tagger, and enabled."
    )
    CW250 = (
        "Relation extractor {name!r} listens to an encoder, but the documents carry none of its output: predictions "
        "will be meaningless. Keep the encoder ('tok2vec' or 'transformer') in the pipeline, before it, and enabled."
    )
    CW120 = (
        "Document {doc!r}, token {token}: its {size} characters make {n} word pieces, and the transformer reads "
        "{limit} at once. The token's row is that of its first pieces. Likely it is a line of signs or no word at all: "
        "let the tokenizer split it if entities can be in it."
    )
    CW121 = (
        "Document {doc!r}: {n} tokens have no row of the transformer, the first is token {token}: their window has "
        "more word pieces than the transformer reads, and those over its limit were dropped. Set `@architectures` in "
        '[components.transformer.model] to "spacy_clinner.TransformerModel.v1", in the config.cfg of a trained '
        "pipeline, too: it reads the same weights and cuts such windows further."
    )
    CW123 = (
        "The tokenizer of the transformer {name!r} does not tell which letters a word piece stands for. So words and "
        "pieces are matched by their spelling, and a word that the tokenizer rewrites may have no row. Set `use_fast` "
        "to true in its tokenizer_config, or take a transformer with a fast tokenizer."
    )
    CW124 = (
        "This processor has no instructions for bfloat16, so a transformer reads two to four times as long in it as in "
        "single precision. Set `bfloat16` to false in its model's block of the pipeline's config.cfg, or tag with the "
        "pipeline that it was made of."
    )
    CW364 = (
        "Component {name!r}: sentences of more than {limit} tokens are cut {n} times, first before token {token} of "
        "the document, and no cue reaches over a cut. Likely line breaks were lost, or the sentencizer does not end "
        "sentences where these notes do; a higher `max_tokens` reads longer ones as one, in more time."
    )
    CW290 = (
        "Component {name!r}: {folder} holds no checksum of {files}, so damage to it may pass unnoticed. Likely an "
        "earlier version saved it: save the pipeline anew (`nlp.to_disk`). To silence this, set the environment "
        'variable PYTHONWARNINGS to "ignore:[CW290]".'
    )
    CW365 = (
        "A document with {entities} entities has {n} pairs too many for the relation extractor, which tries {limit} "
        "children of a head, the nearest ones. Likely line breaks were lost, or the candidates reach too far for a "
        "note of this length; a higher `max_candidates` tries more of them, in more time."
    )
    CW210 = (
        "Aligner {name!r} has an encoder of its own, so what it learns reaches no other component. Set its "
        "`model.tok2vec` to the listener of the encoder that the taggers share."
    )
    CW050 = (
        "The NeuroNER model {name!r} was trained on tokens of {tokenizer!r}. On spaCy's tokens it finds clearly less; "
        "a model whose name holds 'spacy' suits this pipeline."
    )
    CW230 = (
        "Block {block!r} maps the vocabulary's word vectors, and these are not the source's: the loaded map was "
        "learned for other vectors. Set `initialize.vectors` to the source pipeline, or leave the "
        "block out (`load = false`)."
    )
    CW381 = (
        "{path} has gold for '{name}', but not two documents that say something about its probabilities: how sure a "
        "temperature is cannot be told, and the component stays as it was. Name at least two, better twenty."
    )
    CW382 = (
        "The dev documents hold no gold for '{name}', which is saved uncalibrated. Give `[training] dev_corpus` "
        "annotated documents of the callback's `domains`, or leave the callback out."
    )
    CW383 = (
        "The documents that are to judge '{name}' have labels which it does not know: {labels}. It cannot find them: "
        "what they mark says nothing about its probabilities, and counts as missed."
    )
    CW384 = (
        "The tagger of pipeline {number} has a threshold of {theirs}, that of the first, {ours}, becomes the "
        "ensemble's. Neither was chosen for it: run `python -m spacy clinner calibrate` on dev documents."
    )
    CW450 = "The checkpoint {path} is damaged and was passed over: the training goes on from the one before."
    CW436 = (
        "No note says anything of {columns} (`--also`), so that these columns are empty. See that they are spelled as "
        "the notes' columns, or keys of JSON lines, are."
    )
    CW470 = (
        "The run in {folder} could not annotate {n} notes: its table of errors says why, and no other table has them."
    )
    CW360 = (
        "Component {name!r} failed on a batch of {n} documents ({error}), but on none of them alone, so that all are "
        "annotated. Likely the batch needs more memory than there is: `nlp.pipe` with a smaller `batch_size` is faster."
    )
    CW060 = (
        "The gold has labels that the model does not predict: {labels}. Their entities count as missed. If the names "
        "differ only in spelling, map them when you convert the corpus."
    )
    CW061 = (
        "The model has labels that do not occur in the gold: {labels}. What it predicts of them counts as spurious; "
        "this is harmless where a label is merely rare."
    )


def first_sentence(message: str) -> str:
    """What is wrong, in short: what mends it is in the rest of a message.

    message (str): A message, or its template.
    RETURNS (str): Its first sentence.
    """
    return re.split(r"(?<=[.?]) (?=[^a-z])", message)[0]
