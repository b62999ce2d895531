//! Ways into students' accounts: stacks of the shipped template in two of them, a grader in a third.

use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use aws_sdk_cloudformation::types::{Capability, Parameter};
use iamlab::account::snapshot::Facet;
use iamlab::aws::Aws;
use iamlab::aws::connect::Target;
use iamlab::clock::Clock;
use iamlab::grade::access::remarks;
use iamlab::grade::access::secret::CourseSecret;
use iamlab::grade::evidence::Access;
use iamlab::grade::reach::{Instructor, Reached, Settings, Unreached};
use iamlab::grade::roster::{Roster, Student};
use iamlab::grade::rubric::Rubric;
use iamlab::sandbox::{DEFAULT_ACCOUNT, Options, Sandbox};

use crate::lab::{LAB, clients_of, root};
use crate::program::Program;

const GRADER: &str = "arn:aws:iam::123456789012:role/grader";
const ADA: &str = "210000000001";
const BOB: &str = "210000000002";

/// A grader's account and two students'.
struct Class {
    sandbox: Sandbox,
    clock: Clock,
    rubric: Rubric,
}

fn secret() -> CourseSecret {
    CourseSecret::new(vec![7; 32])
}

fn student(id: &str, account: &str) -> Student {
    Student { id: id.into(), role_arn: Some(role(account)), ..Student::default() }
}

fn role(account: &str) -> String {
    format!("arn:aws:iam::{account}:role/iamlab-grader")
}

impl Class {
    async fn new() -> Self {
        let clock = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
        let options = Options { dir: None, account: DEFAULT_ACCOUNT.into(), clock: clock.clone() };
        let sandbox = Sandbox::open(options).unwrap();
        let class = Self { sandbox, clock, rubric: Rubric::load(Path::new(LAB)).unwrap() };
        class.role(DEFAULT_ACCOUNT, "grader", &trust("arn:aws:iam::123456789012:root", "")).await;
        let assume = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#;
        let grader = clients_of(&class.sandbox).await;
        let put = grader.iam.put_role_policy().role_name("grader").policy_name("p").policy_document(assume);
        put.send().await.unwrap();
        class
    }

    async fn role(&self, account: &str, name: &str, trust: &str) {
        let clients = clients_of(&self.sandbox.with_account(account).unwrap()).await;
        clients.iam.create_role().role_name(name).assume_role_policy_document(trust).send().await.unwrap();
    }

    /// Puts up the shipped template, as the student of an external id.
    async fn stack(&self, account: &str, external_id: &str) {
        let clients = clients_of(&self.sandbox.with_account(account).unwrap()).await;
        let template = std::fs::read_to_string(root().join("templates/grader-access.yaml")).unwrap();
        let with =
            |key: &str, value: &str| Parameter::builder().parameter_key(key).parameter_value(value).build();
        clients
            .cloudformation
            .create_stack()
            .stack_name("iamlab-grader-access")
            .template_body(template)
            .parameters(with("GraderRoleArn", GRADER))
            .parameters(with("ExternalId", external_id))
            .capabilities(Capability::CapabilityNamedIam)
            .send()
            .await
            .unwrap();
    }

    /// The stack that `grade access` has the student make.
    async fn own_stack(&self, id: &str, account: &str) {
        self.stack(account, secret().external_id(id, &self.rubric.name).reveal()).await;
    }

    fn instructor(&self, grader: Option<&str>) -> Instructor {
        let settings = Settings {
            target: Target::Sandbox { dir: PathBuf::new(), account: DEFAULT_ACCOUNT.into() },
            region: None,
            secret: Some(secret()),
            grader_role: grader.map(str::to_owned),
            accept_unsealed: false,
            folder: PathBuf::new(),
            clock: self.clock.clone(),
        };
        Instructor::in_sandbox(settings, self.sandbox.clone())
    }

    async fn reach(&self, student: &Student) -> Result<(Aws, Access), Unreached> {
        match self.instructor(Some(GRADER)).reach(student, &self.rubric).await? {
            Reached::Live { aws, access } => Ok((aws, access)),
            Reached::File(_) => panic!("it is an account"),
        }
    }
}

fn trust(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole"{condition}}}]}}"#
    )
}

#[tokio::test]
async fn a_role_opens_for_its_own_student_and_reads_only() {
    let class = Class::new().await;
    class.own_stack("ada", ADA).await;
    class.own_stack("bob", BOB).await;

    let (aws, access) = class.reach(&student("ada", ADA)).await.unwrap();
    assert_eq!(aws.caller.account, ADA);
    assert!(aws.caller.arn.ends_with(":assumed-role/iamlab-grader/iamlab-grade-ada"), "{}", aws.caller.arn);
    assert_eq!(access.open_without_external_id, Some(Facet::Read(false)));
    assert_eq!(remarks(&access), Vec::<String>::new());
    assert!(aws.iam.get_account_authorization_details().send().await.is_ok());
    assert!(aws.lambda.list_functions().send().await.is_ok());
    assert!(aws.iam.create_user().user_name("eve").send().await.is_err());
    assert_eq!(aws.meter.calls().write, 1, "the one that was denied");

    let refused = class.reach(&student("ada", BOB)).await.unwrap_err();
    assert!(refused.message.contains("does not accept the external id of ada"), "{refused:?}");
    assert!(refused.message.contains("somebody else's"), "{refused:?}");
    assert!(!refused.retryable);
    let shown = format!("{refused:?}{access:?}");
    for id in ["ada", "bob"] {
        assert!(!shown.contains(secret().external_id(id, &class.rubric.name).reveal().as_str()));
    }
}

#[tokio::test]
async fn who_the_role_does_not_trust_is_refused() {
    let class = Class::new().await;
    class.own_stack("ada", ADA).await;
    // The administrator of the grader's account is not the grader's role.
    let reached = class.instructor(None).reach(&student("ada", ADA), &class.rubric).await;
    assert!(!reached.unwrap_err().retryable);
    let wrong = Student { account: Some(BOB.into()), ..student("ada", ADA) };
    assert!(class.reach(&wrong).await.unwrap_err().message.contains("the roster says 210000000002"));
    let nothing = Student { id: "ada".into(), ..Student::default() };
    let told = class.reach(&nothing).await.unwrap_err().message;
    assert_eq!(told, "the roster has neither role_arn, profile, bundle nor account_id for ada");
}

#[tokio::test]
async fn a_role_that_opens_without_its_external_id_is_found_and_the_session_still_only_reads() {
    let class = Class::new().await;
    let any = r#","Condition":{"StringLike":{"sts:ExternalId":"*"}}"#;
    for (account, condition) in [(ADA, ""), (BOB, any)] {
        class.role(account, "iamlab-grader", &trust(GRADER, condition)).await;
        let clients = clients_of(&class.sandbox.with_account(account).unwrap()).await;
        let all = "arn:aws:iam::aws:policy/AdministratorAccess";
        clients.iam.attach_role_policy().role_name("iamlab-grader").policy_arn(all).send().await.unwrap();
        // Anybody may have handed it in: it counts when the instructor says whose account it is, and nobody else's row does.
        let refused = class.reach(&student("ada", account)).await.unwrap_err();
        assert!(refused.message.contains("may be somebody else's"), "{refused:?}");
        let ada = Student { account: Some(account.into()), ..student("ada", account) };
        let instructor = class.instructor(Some(GRADER));
        let both = Roster { students: vec![ada.clone(), student("eve", account)] };
        instructor.prepare(&both, &class.rubric).await.unwrap();
        let refused = instructor.reach(&ada, &class.rubric).await.err().unwrap();
        assert!(refused.message.contains("another row of the roster"), "{refused:?}");
        let (aws, access) = class.reach(&ada).await.unwrap();
        assert_eq!(access.open_without_external_id, Some(Facet::Read(true)), "{account}");
        let told = remarks(&access);
        assert!(told.len() == 1 && told[0].contains("without the student's external id"), "{told:?}");
        // The role is an administrator's; the session is not.
        assert!(aws.iam.list_users().send().await.is_err());
        assert!(aws.iam.create_user().user_name("eve").send().await.is_err());
        assert!(aws.iam.get_account_authorization_details().send().await.is_ok());
    }
}

#[tokio::test]
async fn a_students_history_shows_the_grader_by_name_and_no_write() {
    let class = Class::new().await;
    class.own_stack("ada", ADA).await;
    let before = names(&class, ADA).await;
    let (aws, _) = class.reach(&student("ada", ADA)).await.unwrap();
    aws.iam.get_account_authorization_details().send().await.unwrap();
    let after = names(&class, ADA).await;
    let new: Vec<_> = after.iter().filter(|one| !before.contains(one)).collect();
    assert!(new.iter().any(|(name, _, _)| name == "AssumeRole"), "{new:?}");
    for (name, agent, read_only) in new.iter().filter(|(name, _, _)| name != "LookupEvents") {
        assert!(*read_only, "{name}");
        assert!(agent.contains("app/iamlab-grade"), "{name}: {agent}");
    }
}

/// Name, user agent and whether it reads only, of every event.
async fn names(class: &Class, account: &str) -> Vec<(String, String, bool)> {
    let of = class.sandbox.with_account(account).unwrap();
    let credentials: Credentials = of.credentials();
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .http_client(of.http_client())
        .credentials_provider(credentials)
        .region(aws_config::Region::from_static("us-east-1"))
        .load()
        .await;
    let found = aws_sdk_cloudtrail::Client::new(&config).lookup_events().send().await.unwrap();
    let record = |event: &aws_sdk_cloudtrail::types::Event| {
        let record: serde_json::Value = serde_json::from_str(event.cloud_trail_event().unwrap()).unwrap();
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        (text("eventName"), text("userAgent"), record["readOnly"].as_bool().unwrap_or_default())
    };
    found.events().iter().map(record).collect()
}

#[tokio::test]
async fn accounts_of_a_folder_are_let_go() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::fixed("2026-03-02T09:00:07Z".parse().unwrap());
    let dir = folder.path().to_owned();
    let options = Options { dir: Some(dir.clone()), account: DEFAULT_ACCOUNT.into(), clock: clock.clone() };
    let sandbox = Sandbox::open(options).unwrap();
    let clients = clients_of(&sandbox.with_account(ADA).unwrap()).await;
    clients.iam.create_user().user_name("User1").send().await.unwrap();
    let settings = Settings {
        target: Target::Sandbox { dir, account: DEFAULT_ACCOUNT.into() },
        region: None,
        secret: None,
        grader_role: None,
        accept_unsealed: false,
        folder: PathBuf::new(),
        clock,
    };
    let instructor = Instructor::in_sandbox(settings, sandbox.clone());
    let rubric = Rubric::load(Path::new(LAB)).unwrap();
    let ada = Student { id: "ada".into(), account: Some(ADA.into()), ..Student::default() };
    let held = sandbox.with_account(ADA).unwrap();
    assert!(!sandbox.close(ADA).unwrap(), "somebody uses it");
    drop(held);
    for _ in 0..2 {
        let Ok(Reached::Live { aws, .. }) = instructor.reach(&ada, &rubric).await else { panic!("reached") };
        let users = aws.iam.list_users().send().await.unwrap();
        assert_eq!(users.users()[0].user_name(), "User1");
        drop(aws);
        instructor.done(&ada);
        assert!(!sandbox.close(ADA).unwrap(), "it was let go already");
    }
    let nobody = Student { id: "bob".into(), account: Some(BOB.into()), ..Student::default() };
    let told = instructor.reach(&nobody, &rubric).await.unwrap_err();
    assert_eq!(told.message, "the sandbox has no account 210000000002");
    assert!(!Sandbox::accounts(folder.path()).unwrap().contains(&BOB.to_owned()));
}

#[test]
fn what_is_handed_out_is_for_its_owner_and_the_screen_shows_no_secret() {
    let program = Program::new();
    std::fs::write(
        program.folder().join("roster.csv"),
        "id,name,account_id\ns001,Ada,210000000001\ns002,Bob,\n",
    )
    .unwrap();
    let args = [
        "grade",
        "access",
        "--roster",
        "roster.csv",
        "-o",
        "access",
        "--secret-file",
        "course.secret",
        "--grader-role-arn",
        GRADER,
        "--template-url",
        "https://b.s3.amazonaws.com/t.yaml",
    ];
    let ended = program.run(&args).expect(0);
    let read = |name: &str| std::fs::read_to_string(program.folder().join(name)).unwrap();
    let merged = read("access/mail-merge.csv");
    let id = merged.split('"').find(|cell| cell.starts_with("iamlab-")).unwrap().to_owned();
    assert!(read("access/students/s001.md").contains(&id));
    assert!(!read("access/roster.csv").contains(&id));
    assert!(read("access/roster.csv").contains(&role(ADA)));
    let shown = format!("{}{}", ended.stdout, ended.stderr);
    assert!(!shown.contains(&id) && !shown.contains(read("course.secret").trim()), "{shown}");
    // The same again, not another secret.
    program.run(&args).expect(0);
    assert_eq!(read("access/mail-merge.csv"), merged);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for name in ["course.secret", "access/mail-merge.csv", "access/roster.csv", "access/students/s001.md"]
        {
            let mode = std::fs::metadata(program.folder().join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        let open = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(program.folder().join("course.secret"), open).unwrap();
        let refused = program.run(&args).expect(1);
        assert!(refused.stderr.contains("open to others than its owner"), "{}", refused.stderr);
    }
}
