//! Keeps the state of an account's services in its files: what a call changed is on disk before it is answered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::SandboxError;
use super::recorder::{Event, History, Log};
use super::services::Service;
use super::store::{Change, Store};

/// A journal of more bytes than this, and than four times the files it belongs to, is folded into them.
const FOLD: u64 = 1 << 20;
/// A history with more lines than this, and than lines that still count, that are past their time is written anew.
const PAST: usize = 10_000;

/// Saves the services of one account.
pub(super) struct Keeper {
    /// `None` keeps nothing.
    store: Option<Store>,
    services: Vec<Arc<dyn Service>>,
    log: Log,
    /// Whoever holds it saves.
    saved: Mutex<Saved>,
}

/// What is on disk.
#[derive(Default)]
struct Saved {
    /// Whether the account has files that the next change can be appended to.
    based: bool,
    /// The bytes of the services' files.
    base: u64,
    /// The bytes of the journal.
    journal: u64,
}

impl Keeper {
    /// Restores what `store` holds of the services and of the event history, and keeps them from then on.
    pub(super) fn open(
        services: Vec<Arc<dyn Service>>,
        log: Log,
        store: Option<Store>,
        now: Timestamp,
    ) -> Result<Self, SandboxError> {
        let mut saved = Saved::default();
        if let Some(store) = &store {
            for service in &services {
                let name = service.service_name();
                if let Some(state) = store.load(name)? {
                    saved.based = true;
                    saved.base += state.len() as u64;
                    service.restore(&state).map_err(|reason| store.damaged(name, reason))?;
                }
            }
            let (changes, size) = store.journal()?;
            saved.journal = size;
            for service in &services {
                let name = service.service_name();
                for change in changes.iter().filter_map(|line| line.get(name)) {
                    service.apply_change(change).map_err(|reason| store.damaged(name, reason))?;
                }
            }
        }
        if let Some(store) = &store {
            let lines = store.events()?;
            let history = History::load(&lines, now).map_err(|error| store.damaged_events(error))?;
            let past = lines.lines().count().saturating_sub(history.len());
            if past > history.len().saturating_add(PAST) {
                store.write_events(&written(history.iter()))?;
            }
            *log.lock() = history;
        }
        Ok(Self { store, services, log, saved: Mutex::new(saved) })
    }

    /// Saves what changed since the last save, in one step. Calls that change something while another one saves
    /// share the next save.
    pub(super) fn save(&self) -> Result<(), SandboxError> {
        // INVARIANT: the change of a call is made before it saves, so the save that finds it, its own or that of
        // another call, has ended when this one returns.
        let mut saved = lock(&self.saved);
        let change = self.take_change()?;
        let Some(store) = &self.store else {
            drop(self.log.lock().take_new());
            return Ok(());
        };
        if !change.is_empty() {
            self.save_change(store, &change, &mut saved)?;
        }
        // What only reads does not make an account.
        if saved.based { self.save_events(store) } else { Ok(()) }
    }

    fn save_change(&self, store: &Store, change: &Change, saved: &mut Saved) -> Result<(), SandboxError> {
        if !saved.based || saved.journal > FOLD.max(saved.base.saturating_mul(4)) {
            return self.write(store, saved);
        }
        let mut line = serde_json::to_vec(change).map_err(broken)?;
        line.push(b'\n');
        if let Err(error) = store.append_change(&line) {
            // Half a line may be on disk, and the change is no longer marked: the next save writes everything.
            saved.based = false;
            return Err(error);
        }
        saved.journal += line.len() as u64;
        Ok(())
    }

    fn save_events(&self, store: &Store) -> Result<(), SandboxError> {
        let new = self.log.lock().take_new();
        if new.is_empty() {
            return Ok(());
        }
        let outcome = store.append_events(&written(&new));
        if outcome.is_err() {
            self.log.lock().give_back(new);
        }
        outcome
    }

    /// Saves what changed; the account exists afterwards, changed or not.
    pub(super) fn flush(&self) -> Result<(), SandboxError> {
        self.save()?;
        let mut saved = lock(&self.saved);
        match &self.store {
            Some(store) if !saved.based => self.write(store, &mut saved),
            _ => Ok(()),
        }
    }

    fn write(&self, store: &Store, saved: &mut Saved) -> Result<(), SandboxError> {
        saved.based = false;
        let states = self.services.iter().filter_map(|it| Some((it.service_name(), it.snapshot()?)));
        let states: Vec<_> = states.collect();
        store.write(&states)?;
        *saved =
            Saved { based: true, base: states.iter().map(|(_, state)| state.len() as u64).sum(), journal: 0 };
        Ok(())
    }

    /// Collects the changes of all services since the last time.
    fn take_change(&self) -> Result<Change, SandboxError> {
        let mut change = Change::new();
        for service in &self.services {
            if let Some(of_service) = service.take_change().map_err(broken)? {
                change.insert(service.service_name().to_owned(), of_service);
            }
        }
        Ok(change)
    }
}

/// Writes events, one a line.
fn written<'a>(events: impl IntoIterator<Item = &'a Arc<Event>>) -> Vec<u8> {
    let mut lines = Vec::new();
    for line in events.into_iter().filter_map(|event| serde_json::to_vec(&**event).ok()) {
        lines.extend(line);
        lines.push(b'\n');
    }
    lines
}

fn broken(error: serde_json::Error) -> SandboxError {
    SandboxError::Unwritable { source: error.into() }
}

/// Locks; a panic elsewhere does not stop the saving.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
