//! The faults that were asked for, kept with the account. No part of AWS: nobody can call it, it only keeps.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use awsim_core::{AwsError, Protocol, RequestContext, ServiceHandler};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::{Need, Service, unsupported};
use crate::sandbox::faults::Faults;

/// The faults of one account.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Troubles {
    faults: Mutex<Faults>,
    /// The faults as they were saved last.
    saved: Mutex<Faults>,
}

impl Troubles {
    /// Locks the faults.
    pub(in crate::sandbox) fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ServiceHandler for Troubles {
    fn service_name(&self) -> &'static str {
        "faults"
    }

    fn protocol(&self) -> Protocol {
        Protocol::AwsJson1_1
    }

    async fn handle(&self, operation: &str, _: Value, _: &RequestContext) -> Result<Value, AwsError> {
        Err(unsupported("faults", operation))
    }

    fn snapshot(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.lock()).ok()
    }

    fn restore(&self, data: &[u8]) -> Result<(), String> {
        let faults: Faults = serde_json::from_slice(data).map_err(|error| error.to_string())?;
        self.saved.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&faults);
        *self.lock() = faults;
        Ok(())
    }
}

impl Service for Troubles {
    fn operations(&self) -> Vec<&'static str> {
        Vec::new()
    }

    fn needs(&self, _: &str, _: &Value, _: &RequestContext) -> Vec<Need> {
        Vec::new()
    }

    fn take_change(&self) -> Result<Option<Box<RawValue>>, serde_json::Error> {
        let (faults, mut saved) = (self.lock(), self.saved.lock().unwrap_or_else(PoisonError::into_inner));
        if *faults == *saved {
            return Ok(None);
        }
        saved.clone_from(&faults);
        to_raw_value(&*faults).map(Some)
    }
}
