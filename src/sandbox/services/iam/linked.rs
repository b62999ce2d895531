//! Service-linked roles: how the role of a service is called.
//!
//! Source: "AWS services that work with IAM" in the IAM user guide and the service-linked role page of each service.

/// Services whose role is known here, with the part of its name after `AWSServiceRoleFor`, and whether the name may
/// have a suffix of the caller's.
const ROLES: &[(&str, &str, bool)] = &[
    ("access-analyzer.amazonaws.com", "AccessAnalyzer", false),
    ("autoscaling.amazonaws.com", "AutoScaling", true),
    ("cloudtrail.amazonaws.com", "CloudTrail", false),
    ("config.amazonaws.com", "Config", false),
    ("ecs.amazonaws.com", "ECS", false),
    ("eks.amazonaws.com", "AmazonEKS", false),
    ("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing", false),
    ("guardduty.amazonaws.com", "AmazonGuardDuty", false),
    ("inspector2.amazonaws.com", "AmazonInspector2", false),
    ("lex.amazonaws.com", "LexBots", false),
    ("lexv2.amazonaws.com", "LexV2Bots", true),
    ("macie.amazonaws.com", "AmazonMacie", false),
    ("ops.apigateway.amazonaws.com", "APIGateway", false),
    ("organizations.amazonaws.com", "Organizations", false),
    ("rds.amazonaws.com", "RDS", false),
    ("replication.dynamodb.amazonaws.com", "DynamoDBReplication", false),
    ("securityhub.amazonaws.com", "SecurityHub", false),
    ("spot.amazonaws.com", "EC2Spot", false),
    ("ssm.amazonaws.com", "AmazonSSM", false),
    ("sso.amazonaws.com", "SSO", false),
    ("support.amazonaws.com", "Support", false),
    ("trustedadvisor.amazonaws.com", "TrustedAdvisor", false),
];

/// The name of the role of a service, with the suffix it was asked for. A service that is not known here gets a
/// name made of its own.
pub(super) fn role_name(service: &str, suffix: Option<&str>) -> String {
    let known = ROLES.iter().find(|(name, _, _)| *name == service).map(|(_, role, _)| *role);
    let role = known.unwrap_or_else(|| service.split('.').next().unwrap_or(service));
    let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
    format!("AWSServiceRoleFor{role}{suffix}")
}
