//! State that remembers what of it was touched, so that a change of one entity is not a save of all.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A part of the state whose changes are saved by themselves.
pub(crate) trait Tracked {
    /// Returns what changed since the last call, as JSON, and forgets that it did.
    fn take_change(&mut self) -> Result<Option<Box<RawValue>>, serde_json::Error>;

    /// Does again what a change tells. Twice is the same as once.
    fn apply_change(&mut self, change: &RawValue) -> Result<(), serde_json::Error>;
}

/// A single value that is saved whole when it was touched.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Whole<T> {
    value: T,
    #[serde(skip)]
    touched: bool,
}

impl<T> Whole<T> {
    /// Wraps a value, untouched.
    pub const fn new(value: T) -> Self {
        Self { value, touched: false }
    }
}

impl<T> Deref for Whole<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Whole<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.touched = true;
        &mut self.value
    }
}

impl<T: Serialize + DeserializeOwned> Tracked for Whole<T> {
    fn take_change(&mut self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        std::mem::take(&mut self.touched).then(|| to_raw_value(&self.value)).transpose()
    }

    fn apply_change(&mut self, change: &RawValue) -> Result<(), serde_json::Error> {
        self.value = serde_json::from_str(change.get())?;
        Ok(())
    }
}

/// Entities by key. Read it like the map it is; every way to change it marks what may have changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Table<V> {
    rows: BTreeMap<String, V>,
    #[serde(skip)]
    touched: BTreeSet<String>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), touched: BTreeSet::new() }
    }
}

impl<V> Deref for Table<V> {
    type Target = BTreeMap<String, V>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}

impl<V> Table<V> {
    /// The entity, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let found = self.rows.get_mut(key)?;
        if !self.touched.contains(key) {
            self.touched.insert(key.to_owned());
        }
        Some(found)
    }

    /// Puts an entity under a key and returns the one that was there.
    pub fn insert(&mut self, key: String, value: V) -> Option<V> {
        self.touched.insert(key.clone());
        self.rows.insert(key, value)
    }

    /// Takes an entity out.
    pub fn remove(&mut self, key: &str) -> Option<V> {
        let gone = self.rows.remove(key)?;
        self.touched.insert(key.to_owned());
        Some(gone)
    }

    /// The entities that `wanted` chooses, to change them.
    pub fn select(&mut self, wanted: impl Fn(&V) -> bool) -> impl Iterator<Item = &mut V> {
        let Self { rows, touched } = self;
        rows.iter_mut().filter(move |(_, value)| wanted(value)).map(|(key, value)| {
            touched.insert(key.clone());
            value
        })
    }

    /// Takes out the entities that `wanted` does not choose.
    pub fn retain(&mut self, wanted: impl Fn(&V) -> bool) {
        let Self { rows, touched } = self;
        rows.retain(|key, value| {
            let stays = wanted(value);
            if !stays {
                touched.insert(key.clone());
            }
            stays
        });
    }
}

impl<V: Serialize + DeserializeOwned> Tracked for Table<V> {
    fn take_change(&mut self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let touched = std::mem::take(&mut self.touched);
        let changed: BTreeMap<&String, Option<&V>> =
            touched.iter().map(|key| (key, self.rows.get(key))).collect();
        (!changed.is_empty()).then(|| to_raw_value(&changed)).transpose()
    }

    fn apply_change(&mut self, change: &RawValue) -> Result<(), serde_json::Error> {
        let changed: BTreeMap<String, Option<V>> = serde_json::from_str(change.get())?;
        for (key, value) in changed {
            match value {
                Some(value) => self.rows.insert(key, value),
                None => self.rows.remove(&key),
            };
        }
        Ok(())
    }
}

impl<'a, V> IntoIterator for &'a Table<V> {
    type Item = (&'a String, &'a V);
    type IntoIter = std::collections::btree_map::Iter<'a, String, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_touched_and_nothing_else_is_told_once() {
        let mut table = Table::default();
        for name in ["a", "b", "c", "d"] {
            table.insert(name.to_owned(), 1);
        }
        assert!(table.take_change().unwrap().is_some());
        let mut copy = table.clone();
        *table.get_mut("a").unwrap() += 1;
        table.remove("b");
        table.select(|value| *value > 1).for_each(|value| *value *= 10);
        assert!(table.get_mut("none").is_none() && table.remove("none").is_none());
        let change = table.take_change().unwrap().unwrap();
        assert_eq!(change.get(), r#"{"a":20,"b":null}"#);
        copy.apply_change(&change).unwrap();
        assert_eq!(*copy, *table);
        assert!(table.take_change().unwrap().is_none());
    }

    #[test]
    fn a_single_value_is_told_when_it_was_touched() {
        let mut alias = Whole::new(None);
        assert!(alias.is_none() && alias.take_change().unwrap().is_none());
        *alias = Some("class".to_owned());
        let change = alias.take_change().unwrap().unwrap();
        let mut copy = Whole::new(None::<String>);
        copy.apply_change(&change).unwrap();
        assert_eq!(copy.as_deref(), Some("class"));
    }
}
