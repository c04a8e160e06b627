"""What unseen flows of the past brought, drawn as the figures of stocks tell of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mppbayes.model.accounts import Account
from mppbayes.model.balance import OWN
from mppbayes.model.closings import cut_arrays, each_account, of_cuts
from mppbayes.model.innovations import Innovations
from mppbayes.model.layout import Layout
from mppbayes.model.replay import Past

type Floats = NDArray[np.float64]

_AT_ONCE = 2**24  # numbers: as many posterior draws are worked off together as make these


class _Window(NamedTuple):
    """Periods, from the first one kept on, in which a flow was not seen, up to a stock's figure."""

    flow: int
    first: int
    last: int


@dataclass(frozen=True, eq=False)
class Unseen:
    """The unseen flows of a past, and the figures of stocks that tell of them.

    Attributes
    ----------
    layout : Layout
        The evidence.
    past : Past
        Replayed.
    keep_from : int
        The first period that it holds. A window or account that begins before stays out.
    dispersion : (posterior draw, flow)
        Of a period.
    unrecorded : (posterior draw, stock)
        The standard deviation of what changes a stock unrecorded, per period.
    """

    layout: Layout
    past: Past
    keep_from: int
    dispersion: Floats
    unrecorded: Floats

    def drawn(self, innovations: Innovations, futures: int) -> Floats:
        """Draw the counts of unseen flows, given all figures of stocks at once.

        Draws from before the figures, and what these then tell beyond them, vary as what is left
        unknown, with what balances between flows and between windows (Hoffman & Ribak, 1991, *The
        Astrophysical Journal* 380, L5). The spread of a window is as before its own figures, with
        what is learned from those of the windows before.

        Parameters
        ----------
        innovations : Innovations
            The chance.
        futures : int
            How many draws each posterior draw has, one after the other.

        Returns
        -------
        (draw, time, flow)
            The counts of the past; none is negative.
        """
        drawn = np.repeat(self.past.counts, futures, axis=0)
        if not self.windows:
            return drawn
        names, series = self.layout.structure.names, self.layout.structure.series_names
        own = [(names[each.flow], each.last) for each in self.windows]
        figures = [(series[each.series], each.last - self.keep_from) for each in self.accounts]
        chance, of_figures = (self._noise(innovations, each) for each in (own, figures))
        step = max(_AT_ONCE // max(len(own) * len(figures), 1), 1)
        for begin in range(0, len(self.past.counts), step):
            of, here = slice(begin, begin + step), slice(begin * futures, (begin + step) * futures)
            more = self._beyond(of, chance[here], of_figures[here])
            for w, (flow, first, last) in enumerate(self.windows):
                mean = np.repeat(self.past.mean[of, first : last + 1, flow], futures, axis=0)
                total = np.maximum(mean.sum(axis=1), 1e-9)
                ratio = np.maximum(total + more[:, w], 0.0) / total
                drawn[here, first : last + 1, flow] = mean * ratio[:, None]
        return drawn

    @cached_property
    def windows(self) -> list[_Window]:
        """The windows without a figure that end with one of a stock."""
        windows = self.layout.windows
        found = []
        for t, flow in np.argwhere(windows.row).tolist():
            first = t - int(windows.length[t, flow]) + 1 - self.keep_from
            if first >= 0:
                found.append(_Window(flow, first, t - self.keep_from))
        return found

    @cached_property
    def accounts(self) -> list[Account]:
        """What the figures of stocks tell."""
        every = self.layout.accounts.accounts
        return [account for account in every if account.first + 1 >= self.keep_from]

    @cached_property
    def _shared(self) -> list[tuple[int, int, float, slice]]:
        """Account, window, what one more in it changes, and the periods that lie in both."""
        moves, found = self.layout.structure.series_change, []
        for j, account in enumerate(self.accounts):
            begin, end = account.first + 1 - self.keep_from, account.last - self.keep_from
            for w, (flow, first, last) in enumerate(self.windows):
                effect = float(moves[flow, account.series])
                both = slice(max(begin, first), min(end, last) + 1)
                if effect and both.start < both.stop:
                    found.append((j, w, effect, both))
        return found

    @cached_property
    def _spread(self) -> Floats:
        """The variance of an account beside that of the windows, (posterior draw, account)."""
        layout, at = self.layout, tuple(np.array([[a.last, a.series] for a in self.accounts]).T)
        of_each = each_account(layout)
        length = np.array([each.last - each.first for each in self.accounts])
        stocks = layout.structure.series[at[1]]
        spread: Floats = OWN + of_each.blur[at] + length * (self.unrecorded**2 @ stocks.T)
        cut = of_cuts(cut_arrays(of_each, layout, layout), layout, self.dispersion)
        return spread if cut is None else np.asarray(spread + cut[:, *at])

    def _noise(self, innovations: Innovations, of: list[tuple[str, int]]) -> Floats:
        """Give the innovations of owners at positions, (draw, owner)."""
        periods = self.layout.periods
        found = [
            innovations.unseen((name,), periods[at + self.keep_from].ordinal)[:, 0]
            for name, at in of
        ]
        return np.stack(found, axis=1) if found else np.zeros((innovations.n_draws, 0))

    def _beyond(self, of: slice, chance: Floats, of_figures: Floats) -> Floats:
        """Draw by how much more came in each window than expected, (draw, window)."""
        past = self.past
        assert past.variance is not None
        variance = np.stack([past.variance[of, w.last, w.flow] for w in self.windows], axis=1)
        futures = len(chance) // len(variance)
        before = chance * np.sqrt(np.repeat(variance, futures, axis=0))
        if not self.accounts:
            return before
        noise = self._spread[of]
        tells, residual = self._told(of)
        together = tells * variance[:, None]
        spread = together @ tells.transpose(0, 2, 1) + noise[:, :, None] * np.eye(
            len(self.accounts)
        )
        gain = np.linalg.solve(spread, together)
        each = (len(variance), futures, -1)
        left = residual[:, None] - (before.reshape(each) @ tells.transpose(0, 2, 1))
        left = left - of_figures.reshape(each) * np.sqrt(noise)[:, None]
        return before + (left @ gain).reshape(before.shape)

    def _told(self, of: slice) -> tuple[Floats, Floats]:
        """Say what the accounts tell.

        Returns
        -------
        tells : (posterior draw, account, window)
            What changes a series in an account if one more comes in a window.
        residual : (posterior draw, account)
            By how much the figures exceed what was expected.
        """
        moves, mean = self.layout.structure.series_change, self.past.mean[of]
        counted, spread = (
            each[self.keep_from :]
            for each in (self.layout.windows.counted, self.layout.windows.spread)
        )
        fill = np.where(counted, spread, mean)
        tells = np.zeros((len(mean), len(self.accounts), len(self.windows)))
        residual = np.zeros(tells.shape[:2])
        for j, account in enumerate(self.accounts):
            within = slice(account.first + 1 - self.keep_from, account.last + 1 - self.keep_from)
            came = fill[:, within].sum(axis=1) @ moves[:, account.series]
            residual[:, j] = account.change - came
        for j, w, effect, both in self._shared:
            flow, first, last = self.windows[w]
            whole = mean[:, first : last + 1, flow].sum(axis=1)
            tells[:, j, w] = effect * mean[:, both, flow].sum(axis=1) / np.maximum(whole, 1e-9)
        return tells, residual
