//! Clients like those there are, but for one thing: another region, or a name of their own in the event history. They
//! are built of the same configuration and count on the same meter; nobody is asked who we are again.

use aws_config::{AppName, Region};

use super::Aws;

macro_rules! alike {
    ($aws:expr, |$builder:ident| $changed:expr; $($sdk:ident: $field:ident),* $(,)?) => {
        Self {
            $($field: {
                let $builder = $aws.$field.config().to_builder();
                $sdk::Client::from_conf($changed.build())
            },)*
            ..$aws.clone()
        }
    };
}

impl Aws {
    /// Returns clients that speak to another region.
    #[must_use]
    pub fn in_region(&self, region: &str) -> Self {
        if region == self.region {
            return self.clone();
        }
        let there = Region::new(region.to_owned());
        let mut moved = alike!(self, |builder| builder.region(there.clone());
            aws_sdk_lambda: lambda,
            aws_sdk_sns: sns,
            aws_sdk_eventbridge: events,
            aws_sdk_scheduler: scheduler,
            aws_sdk_cloudformation: cloudformation,
            aws_sdk_cloudtrail: cloudtrail,
            aws_sdk_accessanalyzer: access_analyzer,
            aws_sdk_resourcegroupstagging: tagging,
        );
        region.clone_into(&mut moved.region);
        moved
    }

    /// Returns clients whose requests tell this name (`app/NAME`) in their user agent, and so in the account's event
    /// history. A name that AWS does not take, which has letters, digits and `-` and no more than 50 of them, is left
    /// out.
    #[must_use]
    pub fn named(&self, name: &'static str) -> Self {
        let Ok(name) = AppName::new(name) else { return self.clone() };
        alike!(self, |builder| builder.app_name(name.clone());
            aws_sdk_iam: iam,
            aws_sdk_sts: sts,
            aws_sdk_lambda: lambda,
            aws_sdk_sns: sns,
            aws_sdk_eventbridge: events,
            aws_sdk_scheduler: scheduler,
            aws_sdk_cloudformation: cloudformation,
            aws_sdk_cloudtrail: cloudtrail,
            aws_sdk_account: account_management,
            aws_sdk_accessanalyzer: access_analyzer,
            aws_sdk_resourcegroupstagging: tagging,
        )
    }
}
