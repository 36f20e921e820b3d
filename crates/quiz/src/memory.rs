//! A shelf in memory, for tests and for commands that read history. It stands by owner: what is kept of one fan in one
//! campaign lies together behind one hash, because nearly every message asks for a record of its sender. Nothing of
//! what the records mean.

use crate::shelf::{Pair, Shelf, is_of_one_fan, owner_length};
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

/// Keys with the same so many bytes in front stand in one group; the slices of a campaign's fans are such.
const GROUP: usize = 4;

/// The rest of each key behind its owner, in order, with its value.
type Owned = Vec<Pair>;

/// A shelf in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MemoryShelf(BTreeMap<Vec<u8>, HashMap<Vec<u8>, Owned>>);

fn group(key: &[u8]) -> &[u8] {
    key.get(..GROUP).unwrap_or(key)
}

/// Every pair of an owner.
fn pairs<'a>(owner: &'a [u8], owned: &'a Owned) -> impl Iterator<Item = Pair> + 'a {
    owned.iter().map(move |(rest, value)| {
        let mut key = Vec::with_capacity(owner.len().saturating_add(rest.len()));
        key.extend_from_slice(owner);
        key.extend_from_slice(rest);
        (key, value.clone())
    })
}

impl MemoryShelf {
    fn owned(&self, owner: &[u8]) -> Option<&Owned> {
        self.0.get(group(owner))?.get(owner)
    }

    /// Every owner of whom a key may begin with `prefix`, in no order.
    fn under<'a>(&'a self, prefix: &'a [u8]) -> impl Iterator<Item = (&'a Vec<u8>, &'a Owned)> {
        let groups = self.0.range(group(prefix).to_vec()..);
        let groups = groups.take_while(move |(id, _)| id.starts_with(group(prefix)));
        let owners = groups.flat_map(|(_, owners)| owners);
        owners.filter(move |(owner, _)| {
            owner.starts_with(prefix) || prefix.starts_with(owner.as_slice())
        })
    }
}

impl Shelf for MemoryShelf {
    type Error = Infallible;

    fn get(&mut self, key: &[u8]) -> Result<Option<Vec<u8>>, Infallible> {
        let (owner, rest) = key.split_at(owner_length(key));
        let found = self.owned(owner).and_then(|owned| {
            let place = owned.binary_search_by(|(each, _)| each.as_slice().cmp(rest));
            owned.get(place.ok()?)
        });
        Ok(found.map(|(_, value)| value.clone()))
    }

    fn put(&mut self, mut key: Vec<u8>, value: Vec<u8>) {
        let rest = key.split_off(owner_length(&key));
        if !self.0.contains_key(group(&key)) {
            self.0.insert(group(&key).to_vec(), HashMap::new());
        }
        let Some(owners) = self.0.get_mut(group(&key)) else {
            return;
        };
        let owned = match owners.get_mut(&key) {
            Some(owned) => owned,
            None => owners.entry(key).or_default(),
        };
        match owned.binary_search_by(|(each, _)| each.cmp(&rest)) {
            Ok(place) => {
                if let Some((_, kept)) = owned.get_mut(place) {
                    *kept = value;
                }
            }
            Err(place) => owned.insert(place, (rest, value)),
        }
    }

    fn delete(&mut self, key: &[u8]) {
        let (owner, rest) = key.split_at(owner_length(key));
        let Some(owners) = self.0.get_mut(group(owner)) else {
            return;
        };
        if let Some(owned) = owners.get_mut(owner) {
            owned.retain(|(each, _)| each != rest);
            if owned.is_empty() {
                owners.remove(owner);
            }
        }
        if owners.is_empty() {
            self.0.remove(group(owner));
        }
    }

    /// Nothing is sorted.
    fn visit(
        &mut self,
        prefix: &[u8],
        each: &mut dyn FnMut(&[u8], &[u8]),
    ) -> Result<(), Infallible> {
        let mut key = Vec::new();
        for (owner, owned) in self.under(prefix) {
            for (rest, value) in owned {
                key.clear();
                key.extend_from_slice(owner);
                key.extend_from_slice(rest);
                if key.starts_with(prefix) {
                    each(&key, value);
                }
            }
        }
        Ok(())
    }

    fn scan(&mut self, prefix: &[u8]) -> Result<Vec<Pair>, Infallible> {
        if is_of_one_fan(prefix) {
            let owned = self.owned(prefix).into_iter();
            return Ok(owned.flat_map(|owned| pairs(prefix, owned)).collect());
        }
        let mut owners: Vec<_> = self.under(prefix).collect();
        owners.sort_unstable_by_key(|(owner, _)| *owner);
        let all = owners
            .into_iter()
            .flat_map(|(owner, owned)| pairs(owner, owned));
        Ok(all.filter(|(key, _)| key.starts_with(prefix)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::{fan_prefix, follow_key, joins_key, round_key, slice_prefix};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn key() -> impl Strategy<Value = Vec<u8>> {
        let fan = prop_oneof![Just(""), Just("o1"), Just("o2"), Just("o12"), Just("p")];
        prop_oneof![
            (0..2_u16, fan.clone(), 0..3_u16).prop_map(|(tag, fan, n)| round_key(tag, fan, n)),
            (0..2_u16, fan.clone()).prop_map(|(tag, fan)| joins_key(tag, fan)),
            (0..2_u16, fan.clone()).prop_map(|(tag, fan)| fan_prefix(tag, fan)),
            fan.prop_map(|fan| follow_key("mi", fan)),
            (0..2_u16, 0..16_u8).prop_map(|(tag, slice)| slice_prefix(tag, slice)),
            proptest::collection::vec(prop_oneof![Just(b'f'), Just(0), any::<u8>()], 0..12),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

        /// It is an ordered map, whatever the keys look like.
        #[test]
        fn it_says_what_an_ordered_map_says(
            acts in proptest::collection::vec((key(), 0..4_u8), 0..80),
            asked in proptest::collection::vec(key(), 0..20),
        ) {
            let (mut shelf, mut plain) = (MemoryShelf::default(), BTreeMap::new());
            for (key, act) in &acts {
                if *act == 0 {
                    shelf.delete(key);
                    plain.remove(key);
                } else {
                    shelf.put(key.clone(), vec![*act]);
                    plain.insert(key.clone(), vec![*act]);
                }
            }
            for key in acts.iter().map(|(key, _)| key).chain(&asked) {
                prop_assert_eq!(shelf.get(key).unwrap(), plain.get(key).cloned());
                let under: Vec<Pair> = plain
                    .iter()
                    .filter(|(each, _)| each.starts_with(key))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                prop_assert_eq!(shelf.scan(key).unwrap(), under.clone(), "{:?}", key);
                let mut visited = Vec::new();
                shelf.visit(key, &mut |key, value| visited.push((key.to_vec(), value.to_vec()))).unwrap();
                let owners: Vec<_> = visited.iter().map(|(key, _)| &key[..owner_length(key)]).collect();
                let runs = owners.chunk_by(|a, b| a == b).count();
                prop_assert_eq!(runs, owners.iter().collect::<BTreeSet<_>>().len(), "together");
                visited.sort();
                prop_assert_eq!(visited, under, "{:?}", key);
            }
            let mut again = MemoryShelf::default();
            plain.into_iter().for_each(|(key, value)| again.put(key, value));
            prop_assert_eq!(shelf, again);
        }
    }
}
