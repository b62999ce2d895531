//! Counts every request that leaves the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::retry::is_read;
use crate::account::calls::ApiCalls;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Counts requests: one per attempt, retries included. Clones count together.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    read: AtomicU32,
    write: AtomicU32,
    throttled: AtomicU32,
}

impl Meter {
    /// Returns what has been counted so far.
    pub fn calls(&self) -> ApiCalls {
        ApiCalls {
            read: self.0.read.load(Ordering::Relaxed),
            write: self.0.write.load(Ordering::Relaxed),
            throttled: self.0.throttled.load(Ordering::Relaxed),
        }
    }
}

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (service, operation) =
            cfg.load::<Metadata>().map_or(("", ""), |metadata| (metadata.service(), metadata.name()));
        tracing::debug!(service, operation, "request");
        let counter = if is_read(operation) { &self.0.read } else { &self.0.write };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let status = response.status().as_u16();
        let throttled = status == 429
            || (status >= 400
                && response.body().bytes().is_some_and(|body| {
                    body.windows(8).any(|window| window.eq_ignore_ascii_case(b"throttli"))
                }));
        if throttled {
            self.0.throttled.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}
