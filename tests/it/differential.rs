//! Our policy engine against two others, on generated policies and requests.
//!
//! Wherever two engines differ, a named deviation has to apply; each deviation has to occur.

mod deviations;
mod generate;
mod oracles;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use deviations::{Asked, DEVIATIONS, Deviation, Oracle};
use generate::{Ask, Doc, Docs, Random};
use iamlab::policy::evaluate::{PolicySet, Source};
use iamlab::policy::request::Context;
use iamlab::policy::statement::{Effect, Policy};
use oracles::{Awsim, IamRs, Said, request, we_say};

/// How many cases (policies and a request) are compared.
const CASES: usize = 100_000;
/// How many requests each set of policies gets.
const ASKS: usize = 5;

/// What came of comparing with one engine.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    /// How many cases no deviation applies to.
    strict: usize,
    /// How often each deviation is the only one that applies where the engines differ.
    alone: BTreeMap<&'static str, usize>,
    unexplained: Vec<String>,
    said: BTreeMap<Said, usize>,
}

impl Tally {
    fn compare(&mut self, oracle: Oracle, asked: &Asked<'_>, ours: Said, theirs: Said) {
        self.compared += 1;
        *self.said.entry(ours).or_default() += 1;
        let applying: Vec<&str> = DEVIATIONS
            .iter()
            .filter(|it| it.oracle == oracle && (it.applies)(asked))
            .map(|it| it.id)
            .collect();
        self.strict += usize::from(applying.is_empty());
        if ours == theirs {
            return;
        }
        if let [id] = applying.as_slice() {
            *self.alone.entry(id).or_default() += 1;
        }
        if applying.is_empty() {
            let docs: Vec<String> = asked.docs.iter().map(|doc| doc.json().to_string()).collect();
            let resource = asked.resource.map(|doc| doc.json().to_string());
            self.unexplained.push(format!(
                "{oracle:?}: ours {ours:?}, theirs {theirs:?}\n  {:?} {} {}\n  {:?}\n  {}\n  {resource:?}",
                asked.ask.caller,
                asked.ask.action,
                asked.ask.resource,
                asked.ask.keys.iter().map(|(key, values)| (key.name, values)).collect::<Vec<_>>(),
                docs.join("\n  ")
            ));
        }
    }
}

#[test]
fn no_disagreement_is_unexplained() {
    let mut random = Random(20_261_122);
    let (mut awsim_tally, mut iam_rs_tally) = (Tally::default(), Tally::default());
    for _ in 0..CASES / ASKS {
        let docs = Docs::generate(&mut random);
        let ours = oracles::ours(&docs);
        let identity = PolicySet { identity: ours.identity.clone(), ..PolicySet::default() };
        let awsim = Awsim::read(&docs);
        let iam_rs = IamRs::read(&docs.identity);
        let of_resource = PolicySet { resource: ours.resource.clone(), ..PolicySet::default() };
        let iam_rs_of_resource = IamRs::read(docs.resource.as_slice());
        let all: Vec<&Doc> = docs.identity.iter().chain(&docs.boundary).chain(&docs.session).collect();
        for _ in 0..ASKS {
            let ask = Ask::generate(&mut random);
            let request = request(&ask);
            let asked = Asked {
                docs: all.clone(),
                resource: docs.resource.as_ref(),
                limits: docs.boundary.is_some() || docs.session.is_some(),
                ask: &ask,
            };
            awsim_tally.compare(Oracle::Awsim, &asked, we_say(&ours, &request), awsim.says(&ask));
            // That one knows neither layers nor accounts: identity policies and a resource's policy, each alone.
            if ask.other_account() {
                continue;
            }
            let identity_docs = docs.identity.iter().collect();
            let asked = Asked { docs: identity_docs, resource: None, limits: false, ask: &ask };
            iam_rs_tally.compare(Oracle::IamRs, &asked, we_say(&identity, &request), iam_rs.says(&ask));
            if docs.resource.is_some() {
                let asked =
                    Asked { docs: vec![], resource: docs.resource.as_ref(), limits: false, ask: &ask };
                let said = iam_rs_of_resource.says(&ask);
                iam_rs_tally.compare(Oracle::IamRs, &asked, we_say(&of_resource, &request), said);
            }
        }
    }
    for (oracle, tally) in [(Oracle::Awsim, &awsim_tally), (Oracle::IamRs, &iam_rs_tally)] {
        let shown: Vec<&str> = tally.unexplained.iter().take(5).map(String::as_str).collect();
        assert!(shown.is_empty(), "{} unexplained, as\n{}", tally.unexplained.len(), shown.join("\n\n"));
        assert!(tally.strict * 2 > tally.compared, "{oracle:?}: the deviations cover too much: {tally:?}");
        for deviation in DEVIATIONS.iter().filter(|it| it.oracle == oracle) {
            assert!(tally.alone.contains_key(deviation.id), "{} explains nothing", deviation.id);
        }
        for said in [Said::Allowed, Said::ExplicitlyDenied, Said::ImplicitlyDenied] {
            assert!(tally.said[&said] * 20 > tally.compared, "{oracle:?}: too few {said:?}: {tally:?}");
        }
    }
    assert_eq!(awsim_tally.compared, CASES);
}

/// The table of deviations in the document is the one of the code.
#[test]
fn the_deviations_are_documented() {
    let mut table =
        String::from("| with | they | we, as AWS documents | page | id |\n| --- | --- | --- | --- | --- |\n");
    for Deviation { id, oracle, theirs, ours, page, .. } in DEVIATIONS {
        let engine = match oracle {
            Oracle::Awsim => "awsim-iam-policy",
            Oracle::IamRs => "iam-rs",
        };
        let url = format!("https://docs.aws.amazon.com/IAM/latest/UserGuide/{page}");
        let name = page.trim_start_matches("reference_policies_").trim_end_matches(".html");
        writeln!(table, "| `{engine}` | {theirs} | {ours} | [{name}]({url}) | `{id}` |").unwrap();
    }
    super::docs::rewrite("policy-engine.md", "deviations", &table);
}

/// The laws of the language, on the same generated policies.
#[test]
fn the_laws_hold() {
    let mut random = Random(7);
    let (mut allowed, mut settled) = (0, 0);
    for _ in 0..4_000 {
        let docs = Docs::generate(&mut random);
        let set = oracles::ours(&docs);
        let more = oracles::source(&Doc::generate(&mut random, false));
        let only = |effect| {
            let statements =
                more.policy.statements.iter().filter(|it| it.effect == effect).cloned().collect();
            let mut set = set.clone();
            set.identity
                .push(Source { policy: Arc::new(Policy { statements, unread: None }), ..more.clone() });
            set
        };
        let (with_deny, with_allow) = (only(Effect::Deny), only(Effect::Allow));
        let turned = turned(&set);
        for _ in 0..3 {
            let ask = Ask::generate(&mut random);
            let request = request(&ask);
            let before = we_say(&set, &request);
            allowed += usize::from(before == Said::Allowed);

            let after = we_say(&with_deny, &request);
            assert!(after != Said::Allowed || before == Said::Allowed, "a deny allowed {docs:?} {ask:?}");
            assert!(before != Said::ExplicitlyDenied || after == before, "a deny undid one {docs:?} {ask:?}");
            let after = we_say(&with_allow, &request);
            assert!(before != Said::Allowed || after == before, "an allow denied {docs:?} {ask:?}");
            assert_eq!(we_say(&turned, &request), before, "order matters {docs:?} {ask:?}");

            // What is decided knowing less stays decided knowing more.
            let mut less = request.clone();
            less.context = Context::partial();
            for (key, values) in request.context.iter().filter(|_| random.below(2) == 0) {
                less.context.insert(key, values.to_vec());
            }
            match we_say(&set, &less) {
                Said::Nothing => continue,
                Said::ImplicitlyDenied => assert!(
                    [Said::ImplicitlyDenied, Said::ExplicitlyDenied].contains(&before),
                    "{before:?} {docs:?} {ask:?}"
                ),
                certain => assert_eq!(certain, before, "{docs:?} {ask:?}"),
            }
            settled += 1;
        }
    }
    assert!(allowed > 600 && settled > 3_000, "{allowed} {settled}");
}

/// The same policies with everything in the opposite order.
fn turned(set: &PolicySet) -> PolicySet {
    let turn = |source: &Source| {
        let statements = source.policy.statements.iter().rev().cloned().collect();
        Source { policy: Arc::new(Policy { statements, unread: None }), ..source.clone() }
    };
    PolicySet {
        identity: set.identity.iter().rev().map(turn).collect(),
        boundary: set.boundary.as_ref().map(turn),
        session: set.session.iter().rev().map(turn).collect(),
        resource: set.resource.as_ref().map(turn),
    }
}
