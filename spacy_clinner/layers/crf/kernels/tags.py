"""The tag layout of `layers/tags`, for compiled functions."""

from ...tags import layout
from .compiled import part

count_labels = part(layout.count_labels)
enterer_of = part(layout.enterer_of)
kind_and_label = part(layout.kind_and_label)
leaver_of = part(layout.leaver_of)
tag_of = part(layout.tag_of)
tag_of_leaver = part(layout.tag_of_leaver)
