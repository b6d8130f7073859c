//! Pairs unlocks with events, so that as many as possible have a partner.
//!
//! Taking the nearest partner for each in turn is not enough: with clocks that differ by minutes, the event of one unlock is
//! near the next unlock, and the last one would be left alone although nothing is wrong.

use std::collections::{HashMap, VecDeque, hash_map::Entry};

use jiff::Timestamp;

use super::{APART, are_near};

/// The two sides.
pub(super) const UNLOCKS: usize = 0;
pub(super) const EVENTS: usize = 1;

/// A matching in a bipartite graph whose edges join what can belong together.
pub(super) struct Matching {
    /// Possible partners of each, the nearest in time first.
    near: [Vec<Vec<usize>>; 2],
    partners: [Vec<Option<usize>>; 2],
}

impl Matching {
    /// Joins those that are near in time and may belong together, and pairs nobody yet. Both sides are sorted, oldest first.
    pub(super) fn new(unlocks: &[Timestamp], events: &[Timestamp], may_be: impl Fn(usize, usize) -> bool) -> Self {
        let sides = [unlocks, events];
        let mut near = sides.map(|times| vec![Vec::new(); times.len()]);
        let [of_unlocks, of_events] = &mut near;
        for (unlock, (at, partners)) in unlocks.iter().zip(of_unlocks).enumerate() {
            let first = events.partition_point(|event| event < at && !are_near(*at, *event));
            let within = events.iter().zip(&mut *of_events).enumerate().skip(first);
            let within = within.take_while(|(_, (event, _))| are_near(*at, **event));
            for (event, (_, back)) in within.filter(|(event, _)| may_be(unlock, *event)) {
                partners.push(event);
                back.push(unlock);
            }
        }
        for (side, near) in near.iter_mut().enumerate() {
            let [own, others] = if side == UNLOCKS { [unlocks, events] } else { [events, unlocks] };
            for (at, partners) in own.iter().zip(near) {
                partners.sort_by_key(|other| others.get(*other).map_or(APART, |other| other.duration_since(*at).abs()));
            }
        }
        Self { near, partners: sides.map(|times| vec![None; times.len()]) }
    }

    pub(super) fn partner(&self, side: usize, of: usize) -> Option<usize> {
        self.partners.get(side)?.get(of).copied().flatten()
    }

    /// Finds a partner, if others can change theirs so that one becomes free. Nobody loses a partner.
    ///
    /// # Source
    ///
    /// The augmenting paths of Berge and Kuhn, here found in breadth. That a matching which covers one part of each side can
    /// be extended to cover both is a theorem of Mendelsohn and Dulmage.
    pub(super) fn pair_up(&mut self, side: usize, one: usize) {
        if self.partner(side, one).is_some() {
            return;
        }
        let other_side = 1 - side;
        // From whom each of the other side was reached.
        let mut reached = HashMap::new();
        let mut queue = VecDeque::from([one]);
        while let Some(asking) = queue.pop_front() {
            let near = self.near.get(side).and_then(|near| near.get(asking)).map_or(&[][..], Vec::as_slice);
            for &other in near {
                let Entry::Vacant(entry) = reached.entry(other) else { continue };
                let _ = entry.insert(asking);
                match self.partner(other_side, other) {
                    Some(taken) => queue.push_back(taken),
                    None => return self.switch(side, other, &reached),
                }
            }
        }
    }

    /// Pairs `free` of the other side with whom it was reached from, whose partner with whom that was reached from, and so on.
    fn switch(&mut self, side: usize, free: usize, reached: &HashMap<usize, usize>) {
        let mut next = Some(free);
        while let Some(other) = next {
            let Some(&one) = reached.get(&other) else { return };
            next = self.partner(side, one);
            if let Some(partner) = self.partners.get_mut(side).and_then(|partners| partners.get_mut(one)) {
                *partner = Some(other);
            }
            if let Some(partner) = self.partners.get_mut(1 - side).and_then(|partners| partners.get_mut(other)) {
                *partner = Some(one);
            }
        }
    }
}
