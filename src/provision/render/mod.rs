//! Writes a scenario in the words of other tools: the IAM policy that it needs, a CloudFormation template.

pub mod cloudformation;
pub mod permissions;
