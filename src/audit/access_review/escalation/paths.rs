//! The table of ways to more permissions.

use super::{On, Path};

const PASS: &str = "iam:PassRole";

/// Every way that is looked for.
pub const PATHS: &[Path] = &[
    // Permissions are handed out.
    way(
        "create-policy-version",
        "rewrite a policy",
        &["iam:CreatePolicyVersion"],
        On::Policy,
        "a new default version may allow anything to everybody who holds the policy",
    ),
    way(
        "set-default-policy-version",
        "put an earlier version of a policy in force",
        &["iam:SetDefaultPolicyVersion"],
        On::PolicyVersion,
        "an earlier version may have allowed more",
    ),
    way(
        "attach-user-policy",
        "attach a policy to a user",
        &["iam:AttachUserPolicy"],
        On::User,
        "any managed policy, AdministratorAccess too, can be attached",
    ),
    way(
        "attach-group-policy",
        "attach a policy to a group",
        &["iam:AttachGroupPolicy"],
        On::Group,
        "any managed policy, AdministratorAccess too, can be attached",
    ),
    way(
        "attach-role-policy",
        "attach a policy to a role",
        &["iam:AttachRolePolicy"],
        On::Role,
        "any managed policy, AdministratorAccess too, can be attached",
    ),
    way(
        "put-user-policy",
        "write an inline policy of a user",
        &["iam:PutUserPolicy"],
        On::User,
        "an inline policy may allow anything",
    ),
    way(
        "put-group-policy",
        "write an inline policy of a group",
        &["iam:PutGroupPolicy"],
        On::Group,
        "an inline policy may allow anything",
    ),
    way(
        "put-role-policy",
        "write an inline policy of a role",
        &["iam:PutRolePolicy"],
        On::Role,
        "an inline policy may allow anything",
    ),
    way(
        "add-user-to-group",
        "join a group",
        &["iam:AddUserToGroup"],
        On::GroupToJoin,
        "a member holds whatever the group holds",
    ),
    way(
        "delete-user-boundary",
        "take off one's own boundary",
        &["iam:DeleteUserPermissionsBoundary"],
        On::OwnBoundary,
        "without the boundary the policies count in full",
    ),
    way(
        "put-user-boundary",
        "replace one's own boundary",
        &["iam:PutUserPermissionsBoundary"],
        On::OwnBoundary,
        "a boundary that allows everything limits nothing",
    ),
    way(
        "delete-role-boundary",
        "take off one's own boundary",
        &["iam:DeleteRolePermissionsBoundary"],
        On::OwnBoundary,
        "without the boundary the policies count in full",
    ),
    way(
        "put-role-boundary",
        "replace one's own boundary",
        &["iam:PutRolePermissionsBoundary"],
        On::OwnBoundary,
        "a boundary that allows everything limits nothing",
    ),
    // Somebody else's place is taken.
    way(
        "create-access-key",
        "make an access key of another user",
        &["iam:CreateAccessKey"],
        On::OtherUser,
        "with the key everything can be done that the user may do",
    ),
    way(
        "create-login-profile",
        "give another user a password",
        &["iam:CreateLoginProfile"],
        On::OtherUser,
        "with the password everything can be done that the user may do",
    ),
    way(
        "update-login-profile",
        "change the password of another user",
        &["iam:UpdateLoginProfile"],
        On::OtherUser,
        "with the password everything can be done that the user may do",
    ),
    way(
        "update-trust-policy",
        "open a role",
        &["iam:UpdateAssumeRolePolicy"],
        On::RoleTrust,
        "the trust policy can be made to let oneself in",
    ),
    way(
        "assume-role",
        "assume a role that may do more",
        &["sts:AssumeRole"],
        On::RoleToAssume,
        "a session of the role may do whatever the role may do",
    ),
    way(
        "update-saml-provider",
        "replace an identity provider",
        &["iam:UpdateSAMLProvider"],
        On::Federation,
        "one's own identity provider can vouch for anybody whom the roles let in from there",
    ),
    // A service is made to act with a role.
    Path {
        id: "pass-role-lambda",
        title: "run code in a new function with a role",
        needs: &[PASS, "lambda:CreateFunction"],
        one_of: &[
            "lambda:InvokeFunction",
            "lambda:CreateEventSourceMapping",
            "lambda:AddPermission",
            "lambda:CreateFunctionUrlConfig",
        ],
        on: On::Passed("lambda.amazonaws.com"),
        explanation: "the code of the function runs with what the role may do",
    },
    Path {
        id: "pass-role-existing-lambda",
        title: "give an existing function another role and code",
        needs: &[PASS, "lambda:UpdateFunctionConfiguration", "lambda:UpdateFunctionCode"],
        one_of: &[],
        on: On::Passed("lambda.amazonaws.com"),
        explanation: "the code of the function runs with what the role may do",
    },
    pass(
        "pass-role-ec2",
        "start an instance with a role",
        &[PASS, "ec2:RunInstances"],
        "ec2.amazonaws.com",
        "whoever is on the instance, be it by its start-up script, acts with what the role may do",
    ),
    pass(
        "pass-role-ec2-existing",
        "give a running instance another role",
        &[PASS, "ec2:AssociateIamInstanceProfile"],
        "ec2.amazonaws.com",
        "whoever is on the instance acts with what the role may do",
    ),
    Path {
        id: "pass-role-cloudformation",
        title: "create a stack with a role",
        needs: &[PASS],
        one_of: &[
            "cloudformation:CreateStack",
            "cloudformation:UpdateStack",
            "cloudformation:CreateStackSet",
        ],
        on: On::Passed("cloudformation.amazonaws.com"),
        explanation: "CloudFormation makes whatever the template says, with what the role may do",
    },
    pass(
        "pass-role-change-set",
        "carry out a change set with a role",
        &[PASS, "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet"],
        "cloudformation.amazonaws.com",
        "CloudFormation makes whatever the template says, with what the role may do",
    ),
    Path {
        id: "pass-role-glue-endpoint",
        title: "open a Glue endpoint with a role",
        needs: &[PASS],
        one_of: &["glue:CreateDevEndpoint", "glue:CreateSession"],
        on: On::Passed("glue.amazonaws.com"),
        explanation: "whoever is on the endpoint or in the session acts with what the role may do",
    },
    Path {
        id: "pass-role-glue-job",
        title: "run a Glue job with a role",
        needs: &[PASS, "glue:CreateJob"],
        one_of: &["glue:StartJobRun", "glue:CreateTrigger"],
        on: On::Passed("glue.amazonaws.com"),
        explanation: "the script of the job runs with what the role may do",
    },
    Path {
        id: "pass-role-glue-existing-job",
        title: "rewrite a Glue job with a role",
        needs: &[PASS, "glue:UpdateJob"],
        one_of: &["glue:StartJobRun", "glue:CreateTrigger"],
        on: On::Passed("glue.amazonaws.com"),
        explanation: "the script of the job runs with what the role may do",
    },
    pass(
        "pass-role-data-pipeline",
        "run a data pipeline with a role",
        &[
            PASS,
            "datapipeline:CreatePipeline",
            "datapipeline:PutPipelineDefinition",
            "datapipeline:ActivatePipeline",
        ],
        "datapipeline.amazonaws.com",
        "the commands of the pipeline run with what the role may do",
    ),
    Path {
        id: "pass-role-codebuild",
        title: "build a new project with a role",
        needs: &[PASS, "codebuild:CreateProject"],
        one_of: &["codebuild:StartBuild", "codebuild:StartBuildBatch"],
        on: On::Passed("codebuild.amazonaws.com"),
        explanation: "the commands of the build run with what the role may do",
    },
    Path {
        id: "pass-role-codebuild-existing",
        title: "change a build project to a role",
        needs: &[PASS, "codebuild:UpdateProject"],
        one_of: &["codebuild:StartBuild", "codebuild:StartBuildBatch"],
        on: On::Passed("codebuild.amazonaws.com"),
        explanation: "the commands of the build run with what the role may do",
    },
    pass(
        "pass-role-codestar",
        "create a CodeStar project with a role",
        &[PASS, "codestar:CreateProject"],
        "codestar.amazonaws.com",
        "the service makes its creator the owner of what its role sets up",
    ),
    pass(
        "pass-role-notebook",
        "open a SageMaker notebook with a role",
        &[PASS, "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"],
        "sagemaker.amazonaws.com",
        "whoever is in the notebook acts with what the role may do",
    ),
    Path {
        id: "pass-role-sagemaker-job",
        title: "run a SageMaker job with a role",
        needs: &[PASS],
        one_of: &["sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"],
        on: On::Passed("sagemaker.amazonaws.com"),
        explanation: "the container of the job runs with what the role may do",
    },
    Path {
        id: "pass-role-ecs",
        title: "run a container with a role",
        needs: &[PASS, "ecs:RegisterTaskDefinition"],
        one_of: &["ecs:RunTask", "ecs:StartTask", "ecs:CreateService", "ecs:UpdateService"],
        on: On::Passed("ecs-tasks.amazonaws.com"),
        explanation: "the container runs with what the role may do",
    },
    pass(
        "pass-role-batch",
        "run a batch job with a role",
        &[PASS, "batch:RegisterJobDefinition", "batch:SubmitJob"],
        "ecs-tasks.amazonaws.com",
        "the container of the job runs with what the role may do",
    ),
    pass(
        "pass-role-app-runner",
        "run a web service with a role",
        &[PASS, "apprunner:CreateService"],
        "tasks.apprunner.amazonaws.com",
        "the code of the service runs with what the role may do",
    ),
    pass(
        "pass-role-step-functions",
        "run a state machine with a role",
        &[PASS, "states:CreateStateMachine", "states:StartExecution"],
        "states.amazonaws.com",
        "a state machine can call the API of any service, with what the role may do",
    ),
    pass(
        "pass-role-scheduler",
        "schedule a call with a role",
        &[PASS, "scheduler:CreateSchedule"],
        "scheduler.amazonaws.com",
        "a schedule can call the API of any service, with what the role may do",
    ),
    pass(
        "pass-role-automation",
        "run an automation with a role",
        &[PASS, "ssm:StartAutomationExecution"],
        "ssm.amazonaws.com",
        "an automation can call the API of any service, with what the role may do",
    ),
    pass(
        "pass-role-emr",
        "start a cluster with a role",
        &[PASS, "elasticmapreduce:RunJobFlow"],
        "ec2.amazonaws.com",
        "the steps of the cluster run with what the role of its instances may do",
    ),
    // What runs already is made to do something else.
    way(
        "update-function-code",
        "change the code of a function",
        &["lambda:UpdateFunctionCode"],
        On::Running("lambda.amazonaws.com"),
        "the code runs with what the function's role may do",
    ),
    way(
        "update-function-configuration",
        "add a layer to a function",
        &["lambda:UpdateFunctionConfiguration"],
        On::Running("lambda.amazonaws.com"),
        "code of a layer or an extension runs with what the function's role may do",
    ),
    way(
        "update-dev-endpoint",
        "put a key on a Glue endpoint",
        &["glue:UpdateDevEndpoint"],
        On::Running("glue.amazonaws.com"),
        "whoever is on the endpoint acts with what its role may do",
    ),
    way(
        "run-command",
        "run a command on an instance",
        &["ssm:SendCommand"],
        On::Running("ec2.amazonaws.com"),
        "the command runs as the instance's administrator and so with its role",
    ),
    way(
        "start-session",
        "open a shell on an instance",
        &["ssm:StartSession"],
        On::Running("ec2.amazonaws.com"),
        "whoever is on the instance acts with what its role may do",
    ),
    way(
        "send-ssh-key",
        "put an SSH key on an instance",
        &["ec2-instance-connect:SendSSHPublicKey"],
        On::Running("ec2.amazonaws.com"),
        "whoever is on the instance acts with what its role may do",
    ),
    way(
        "change-user-data",
        "change the start-up script of an instance",
        &["ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances"],
        On::Running("ec2.amazonaws.com"),
        "the script runs on the instance at its next start, with what its role may do",
    ),
    way(
        "update-stack",
        "change a stack that has a role",
        &["cloudformation:UpdateStack"],
        On::Running("cloudformation.amazonaws.com"),
        "CloudFormation keeps the stack's role and makes whatever the new template says with it",
    ),
    way(
        "start-build",
        "build a project with other commands",
        &["codebuild:StartBuild"],
        On::Running("codebuild.amazonaws.com"),
        "a build can be started with commands of one's own, which run with the project's role",
    ),
    way(
        "execute-in-container",
        "open a shell in a container",
        &["ecs:ExecuteCommand"],
        On::Running("ecs-tasks.amazonaws.com"),
        "whoever is in the container acts with what its role may do",
    ),
    way(
        "open-notebook",
        "open an existing notebook",
        &["sagemaker:CreatePresignedNotebookInstanceUrl"],
        On::Running("sagemaker.amazonaws.com"),
        "whoever is in the notebook acts with what its role may do",
    ),
];

const fn way(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    on: On,
    explanation: &'static str,
) -> Path {
    Path { id, title, needs, one_of: &[], on, explanation }
}

const fn pass(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    service: &'static str,
    explanation: &'static str,
) -> Path {
    way(id, title, needs, On::Passed(service), explanation)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::policy::actions::actions;

    #[test]
    fn every_way_has_an_id_of_its_own_and_actions_that_exist() {
        let ids: BTreeSet<&str> = PATHS.iter().map(|path| path.id).collect();
        assert_eq!(ids.len(), PATHS.len());
        // A service that AWS has withdrawn; in an account that used it, it may still be there.
        let withdrawn = "codestar:CreateProject";
        let all = PATHS.iter().flat_map(|path| path.needs.iter().chain(path.one_of));
        for action in all.filter(|action| **action != withdrawn) {
            let place = actions().find(action);
            assert_eq!(place.map(|place| actions().name(place)), Some(*action), "{action} is misspelt");
        }
    }

    #[test]
    fn whoever_is_handed_a_role_was_passed_it() {
        for path in PATHS {
            assert_eq!(matches!(path.on, On::Passed(_)), path.needs.first() == Some(&PASS), "{}", path.id);
        }
    }
}
