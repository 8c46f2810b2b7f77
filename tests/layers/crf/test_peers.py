"""The CRF against two independent libraries, which know nothing of BIOES: illegal moves get a large negative score."""

import numpy as np
import pytest
import torch
import torch_struct
import torchcrf

from spacy_clinner.layers import crf

from .brute_force import random_batch

N_LABELS, ILLEGAL = 4, -1e4
LENGTHS = [12, 1, 7, 2]


@pytest.fixture
def batch():
    return random_batch(np.random.default_rng(0), N_LABELS, LENGTHS)


@pytest.fixture
def gold(batch):
    return crf.viterbi(batch[0], -batch[1], batch[2])


def padded(rows, lengths, fill=0):
    """Sequences side by side (n, longest, ...), and which tokens are real."""
    mask = np.arange(max(lengths)) < lengths[:, None]
    out = np.full((*mask.shape, *rows.shape[1:]), fill, dtype=rows.dtype)
    out[mask] = rows
    return torch.tensor(out), torch.tensor(mask)


def legal(array):
    return torch.tensor(np.where(np.isneginf(array), ILLEGAL, array))


@pytest.fixture
def peer(batch):
    chain = crf.to_chain(batch[0])
    model = torchcrf.CRF(len(chain.start), batch_first=True).double()
    model.start_transitions.data = legal(chain.start)
    model.transitions.data = legal(chain.transitions)
    model.end_transitions.data = legal(chain.end)
    return model


def test_likelihood_and_gradients_agree_with_pytorch_crf(batch, gold, peer):
    params, emissions, lengths = batch
    scores, mask = padded(emissions, lengths)
    scores.requires_grad = True
    loss = -peer(scores, padded(gold, lengths)[0], mask=mask, reduction="none")
    loss.sum().backward()
    ours = crf.likelihood(*batch, gold)
    np.testing.assert_allclose(ours.loss, loss.detach(), atol=1e-9)
    np.testing.assert_allclose(ours.d_emissions, scores.grad[mask], atol=1e-9)
    theirs = [p.grad.numpy() for p in (peer.start_transitions, peer.transitions, peer.end_transitions)]
    for left, right in zip(ours.d_params, crf.from_chain(crf.Chain(*theirs)), strict=True):
        np.testing.assert_allclose(left, right, atol=1e-9)


def test_viterbi_agrees_with_pytorch_crf(batch, peer):
    scores, mask = padded(batch[1], batch[2])
    np.testing.assert_array_equal(crf.viterbi(*batch), np.concatenate(peer.decode(scores, mask=mask)))


@pytest.mark.filterwarnings("ignore:.*arg_constraints")
def test_marginals_and_k_best_agree_with_torch_struct(batch):
    params, emissions, lengths = batch
    chain = crf.to_chain(params)
    start = 0
    for length in lengths:
        scores = emissions[start : start + length]
        start += length
        if length == 1:  # torch-struct wants at least one move
            continue
        # its potentials are [move, to, from]
        potentials = np.repeat(legal(chain.transitions.T).numpy()[None], length - 1, axis=0)
        potentials += scores[1:, :, None]
        potentials[0] += np.where(np.isneginf(chain.start), ILLEGAL, chain.start) + scores[0]
        potentials[-1] += np.where(np.isneginf(chain.end), ILLEGAL, chain.end)[:, None]
        theirs = torch_struct.LinearChainCRF(torch.tensor(potentials)[None])
        one = np.array([length])
        assert crf.log_partition(params, scores, one)[0] == pytest.approx(theirs.partition.item(), abs=1e-9)
        moves = theirs.marginals[0].detach().numpy()
        marginals = crf.marginals(params, scores, one)
        np.testing.assert_allclose(marginals[1:], moves.sum(axis=2), atol=1e-9)
        np.testing.assert_allclose(marginals[0], moves[0].sum(axis=0), atol=1e-9)
        best = crf.viterbi_k_best(params, scores, 3)
        events = theirs.topk(3)[:, 0].detach()
        for tags, log_probability, event in zip(best.tags, best.log_probabilities, events, strict=True):
            assert event[range(length - 1), tags[1:], tags[:-1]].all()
            assert log_probability == pytest.approx(theirs.log_prob(event[None]).item(), abs=1e-9)
