//! Service-linked roles: how the role of a service is called.
//!
//! Source: "AWS services that work with IAM" in the IAM user guide and the service-linked role page of each service.

/// A service-linked role that is known here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linked {
    /// The service's principal.
    service: &'static str,
    /// The part of the role's name after `AWSServiceRoleFor`.
    role: &'static str,
    /// Whether the name may have a suffix of the caller's.
    pub(super) suffix: bool,
    /// The policy that comes with it, an AWS-managed one under `aws-service-role/`.
    pub(super) policy: &'static str,
}

const fn linked(service: &'static str, role: &'static str, policy: &'static str) -> Linked {
    Linked { service, role, suffix: false, policy }
}

#[rustfmt::skip]
const ROLES: &[Linked] = &[
    linked("access-analyzer.amazonaws.com", "AccessAnalyzer", "AccessAnalyzerServiceRolePolicy"),
    Linked { suffix: true, ..linked("autoscaling.amazonaws.com", "AutoScaling", "AutoScalingServiceRolePolicy") },
    linked("cloudtrail.amazonaws.com", "CloudTrail", "CloudTrailServiceRolePolicy"),
    linked("config.amazonaws.com", "Config", "AWSConfigServiceRolePolicy"),
    linked("ecs.amazonaws.com", "ECS", "AmazonECSServiceRolePolicy"),
    linked("eks.amazonaws.com", "AmazonEKS", "AmazonEKSServiceRolePolicy"),
    linked("elasticloadbalancing.amazonaws.com", "ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    linked("guardduty.amazonaws.com", "AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    linked("inspector2.amazonaws.com", "AmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    linked("macie.amazonaws.com", "AmazonMacie", "AmazonMacieServiceRolePolicy"),
    linked("ops.apigateway.amazonaws.com", "APIGateway", "APIGatewayServiceRolePolicy"),
    linked("organizations.amazonaws.com", "Organizations", "AWSOrganizationsServiceTrustPolicy"),
    linked("rds.amazonaws.com", "RDS", "AmazonRDSServiceRolePolicy"),
    linked("replication.dynamodb.amazonaws.com", "DynamoDBReplication", "DynamoDBReplicationServiceRolePolicy"),
    linked("securityhub.amazonaws.com", "SecurityHub", "AWSSecurityHubServiceRolePolicy"),
    linked("spot.amazonaws.com", "EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    linked("ssm.amazonaws.com", "AmazonSSM", "AmazonSSMServiceRolePolicy"),
    linked("sso.amazonaws.com", "SSO", "AWSSSOServiceRolePolicy"),
    linked("support.amazonaws.com", "Support", "AWSSupportServiceRolePolicy"),
    linked("trustedadvisor.amazonaws.com", "TrustedAdvisor", "AWSTrustedAdvisorServiceRolePolicy"),
];

/// Finds the role of a service.
pub(super) fn find(service: &str) -> Option<Linked> {
    ROLES.iter().find(|linked| linked.service == service).copied()
}

/// Tells whether a role in this path belongs to a service, so that only the service may change it.
pub(super) fn is_linked(path: &str) -> bool {
    path.starts_with("/aws-service-role/")
}

/// The name of the role of a service, with the suffix it was asked for. A service that is not known here gets a
/// name made of its own.
pub(super) fn role_name(service: &str, suffix: Option<&str>) -> String {
    let known = find(service).map(|linked| linked.role);
    let role = known.unwrap_or_else(|| service.split('.').next().unwrap_or(service));
    let suffix = suffix.map(|suffix| format!("_{suffix}")).unwrap_or_default();
    format!("AWSServiceRoleFor{role}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::services::iam::managed;

    #[test]
    fn the_policies_of_the_roles_exist() {
        for linked in ROLES {
            let arn = format!("arn:aws:iam::aws:policy/aws-service-role/{}", linked.policy);
            assert!(managed::find(&arn).is_some(), "{arn}");
        }
        assert_eq!(role_name("autoscaling.amazonaws.com", Some("x")), "AWSServiceRoleForAutoScaling_x");
    }
}
