//! Places with numbers that are never given out twice, so that a late answer cannot meet somebody
//! else's record. Knows nothing of records.

/// Values by number.
pub(super) struct Slab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
}

struct Place<T> {
    generation: u32,
    value: Option<T>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Slab<T> {
    /// Keeps a value; returns its number.
    pub(super) fn insert(&mut self, value: T) -> u64 {
        let index = self.free.pop().unwrap_or_else(|| {
            self.places.push(Place {
                generation: 0,
                value: None,
            });
            // Far more than ever wait: the hedge's bounds are below.
            (self.places.len() - 1) as u32
        });
        let place = &mut self.places[index as usize];
        place.value = Some(value);
        u64::from(place.generation) << 32 | u64::from(index)
    }

    /// The value of this number, while it is kept.
    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let place = self.places.get_mut((number & 0xffff_ffff) as usize)?;
        (u64::from(place.generation) == number >> 32)
            .then_some(place.value.as_mut())
            .flatten()
    }

    /// Gives a value back; its number is dead from now on.
    pub(super) fn remove(&mut self, number: u64) -> Option<T> {
        let index = (number & 0xffff_ffff) as usize;
        let place = self.places.get_mut(index)?;
        if u64::from(place.generation) != number >> 32 {
            return None;
        }
        let value = place.value.take()?;
        place.generation = place.generation.wrapping_add(1);
        self.free.push(index as u32);
        Some(value)
    }

    /// Numbers and values, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &T)> {
        let numbered = (0u64..).zip(&self.places);
        numbered.filter_map(|(index, place)| {
            let value = place.value.as_ref()?;
            Some((u64::from(place.generation) << 32 | index, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dead_once_its_value_is_gone() {
        let mut slab = Slab::default();
        let (a, b) = (slab.insert('a'), slab.insert('b'));
        assert_eq!(slab.remove(a), Some('a'));
        let c = slab.insert('c');
        assert_ne!(a, c);
        assert_eq!((slab.remove(a), slab.get_mut(a)), (None, None));
        assert_eq!(slab.get_mut(c), Some(&mut 'c'));
        let mut all: Vec<_> = slab.iter().collect();
        all.sort_unstable();
        let mut expected = vec![(b, &'b'), (c, &'c')];
        expected.sort_unstable();
        assert_eq!(all, expected);
    }
}
