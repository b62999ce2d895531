//! The same questions for Athena, over the log files of a trail: for what is older than the event history.
//!
//! The table is AWS's, its columns and its reader
//! (<https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html>), with the region as
//! a partition besides the day. Nothing that people type gets into a statement but as a quoted text, or after a look at
//! every character.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::filter::{Filter, Pattern, Who};
use super::place::home_region;
use super::resource::{Deed, Resource};

/// Where the log files are, and what the table is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    name: String,
    root: String,
    regions: Vec<String>,
    start: Date,
}

/// What a [`Table`] is made of.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// What stands before `AWSLogs/` in it.
    pub prefix: Option<&'a str>,
    /// The organization, for its trail: `o-…`.
    pub organization: Option<&'a str>,
    /// The account.
    pub account: &'a str,
    /// The regions to look at.
    pub regions: &'a [String],
    /// The first day.
    pub start: Date,
    /// The table.
    pub table: &'a str,
}

/// A statement, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Statement {
    /// What it does, in words.
    pub purpose: String,
    /// The statement, without a semicolon.
    pub sql: String,
}

/// The columns, as AWS's page has them.
const COLUMNS: &str = "  eventversion STRING,
  useridentity STRUCT<
    type: STRING,
    principalid: STRING,
    arn: STRING,
    accountid: STRING,
    invokedby: STRING,
    accesskeyid: STRING,
    username: STRING,
    onbehalfof: STRUCT<userid: STRING, identitystorearn: STRING>,
    sessioncontext: STRUCT<
      attributes: STRUCT<mfaauthenticated: STRING, creationdate: STRING>,
      sessionissuer: STRUCT<type: STRING, principalid: STRING, arn: STRING, accountid: STRING, username: STRING>,
      ec2roledelivery: STRING,
      webidfederationdata: STRUCT<federatedprovider: STRING, attributes: MAP<STRING, STRING>>>>,
  eventtime STRING,
  eventsource STRING,
  eventname STRING,
  awsregion STRING,
  sourceipaddress STRING,
  useragent STRING,
  errorcode STRING,
  errormessage STRING,
  requestparameters STRING,
  responseelements STRING,
  additionaleventdata STRING,
  requestid STRING,
  eventid STRING,
  readonly STRING,
  resources ARRAY<STRUCT<arn: STRING, accountid: STRING, type: STRING>>,
  eventtype STRING,
  apiversion STRING,
  recipientaccountid STRING,
  serviceeventdetails STRING,
  sharedeventid STRING,
  vpcendpointid STRING,
  vpcendpointaccountid STRING,
  eventcategory STRING,
  addendum STRUCT<reason: STRING, updatedfields: STRING, originalrequestid: STRING, originaleventid: STRING>,
  sessioncredentialfromconsole STRING,
  edgedevicedetails STRING,
  tlsdetails STRUCT<tlsversion: STRING, ciphersuite: STRING, clientprovidedhostheader: STRING>";

/// Who did it, where from, what, and with which session.
const SHOWN: &str = "SELECT
  eventtime,
  useridentity.type AS identity,
  coalesce(useridentity.username, useridentity.sessioncontext.sessionissuer.username, useridentity.invokedby,
    useridentity.arn, useridentity.onbehalfof.userid, useridentity.accountid) AS who,
  useridentity.accesskeyid AS session_key,
  eventsource,
  eventname,
  awsregion,
  sourceipaddress,
  useragent,
  errorcode,
  requestparameters";

impl Table {
    /// Looks at every character of what people typed.
    ///
    /// # Errors
    ///
    /// Something cannot be what it should be.
    pub fn new(place: &Place<'_>) -> Result<Self, String> {
        let only = |text: &str, more: &[u8]| {
            text.bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
        };
        let Place { bucket, prefix, organization, account, regions, start, table } = *place;
        if !((3..=63).contains(&bucket.len()) && only(bucket, b"-.")) {
            return Err(format!("`{bucket}` is no name of a bucket"));
        }
        let prefix = prefix.unwrap_or_default().trim_matches('/');
        if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./=".contains(&byte)) {
            return Err("a prefix here has letters, digits and `-`, `_`, `.`, `/`, `=` only".to_owned());
        }
        if organization
            .is_some_and(|id| !(id.starts_with("o-") && (12..=34).contains(&id.len()) && only(id, b"-")))
        {
            return Err("the id of an organization is `o-` and 10 to 32 letters and digits".to_owned());
        }
        if !(account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err(format!("`{account}` is not an account id"));
        }
        if let Some(wrong) = regions.iter().find(|region| region.is_empty() || !only(region, b"-")) {
            return Err(format!("`{wrong}` is no region"));
        }
        let begins = table.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
        if !begins || !only(table, b"_") || table.len() > 128 {
            return Err(
                "a table's name has small letters, digits and `_`, and begins with no digit".to_owned()
            );
        }
        let mut root = format!("s3://{bucket}/");
        let prefix = Some(prefix).filter(|prefix| !prefix.is_empty());
        for part in [prefix, Some("AWSLogs"), organization, Some(account)].into_iter().flatten() {
            root.extend([part, "/"]);
        }
        root.push_str("CloudTrail/");
        Ok(Self { name: table.to_owned(), root, regions: regions.to_vec(), start })
    }

    /// Writes the statement that makes the table. Days and regions are worked out by Athena, not loaded.
    pub fn create(&self) -> Statement {
        let Self { name, root, regions, start } = self;
        let sql = format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `{name}` (\n{COLUMNS}\n)\nPARTITIONED BY (region STRING, day STRING)\n\
             ROW FORMAT SERDE 'org.apache.hive.hcatalog.data.JsonSerDe'\n\
             STORED AS INPUTFORMAT 'com.amazon.emr.cloudtrail.CloudTrailInputFormat'\n\
             OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'\n\
             LOCATION '{root}'\nTBLPROPERTIES (\n\
             \x20 'projection.enabled' = 'true',\n\
             \x20 'projection.region.type' = 'enum',\n\
             \x20 'projection.region.values' = '{}',\n\
             \x20 'projection.day.type' = 'date',\n\
             \x20 'projection.day.format' = 'yyyy/MM/dd',\n\
             \x20 'projection.day.interval' = '1',\n\
             \x20 'projection.day.interval.unit' = 'DAYS',\n\
             \x20 'projection.day.range' = '{},NOW',\n\
             \x20 'storage.location.template' = '{root}${{region}}/${{day}}'\n)",
            regions.join(","),
            day(*start),
        );
        Statement { purpose: "Make the table over the trail's log files, once".to_owned(), sql }
    }

    /// Writes the query for the last sign-ins of root. They are recorded in the partition's home region.
    pub fn last_root_login(&self) -> Statement {
        let home = home_region(self.regions.first().map(String::as_str).unwrap_or_default());
        let sql = format!(
            "SELECT\n  eventtime,\n  json_extract_scalar(responseelements, '$.ConsoleLogin') AS outcome,\n  \
             json_extract_scalar(additionaleventdata, '$.MFAUsed') AS mfa_used,\n  sourceipaddress,\n  useragent,\n  \
             json_extract_scalar(additionaleventdata, '$.LoginTo') AS login_to\nFROM \"{}\"\nWHERE region = {}\n  \
             AND day >= {}\n  AND eventsource = 'signin.amazonaws.com'\n  AND eventname = 'ConsoleLogin'\n  \
             AND useridentity.type = 'Root'\nORDER BY eventtime DESC\nLIMIT 20",
            self.name,
            quoted(home),
            quoted(&day(self.start)),
        );
        Statement { purpose: "The last sign-ins of root, failed ones too".to_owned(), sql }
    }

    /// Writes the query for the events that a filter asks for.
    pub fn history(&self, filter: &Filter, limit: usize) -> Statement {
        Statement {
            purpose: "The events, the newest first".to_owned(),
            sql: self.select(&conditions(filter), filter, limit),
        }
    }

    /// Writes the query for what was done to a resource.
    ///
    /// # Errors
    ///
    /// The kind of the resource is no word.
    pub fn who(
        &self,
        deed: Deed,
        resource: &Resource,
        filter: &Filter,
        limit: usize,
    ) -> Result<Statement, String> {
        let mut conditions = conditions(filter);
        let fits =
            |noun: &String| noun.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let nouns = resource.nouns();
        if nouns.is_empty() {
            // Whether `CreateAccessKey` made `User2` or changed it, the name alone does not tell.
            return Err(format!("say what `{0}` is: `user/{0}`, `group/{0}`, …", resource.name));
        }
        if !nouns.iter().all(fits) {
            return Err(format!("`{}` is no kind of resource", resource.kind.as_deref().unwrap_or_default()));
        }
        let owners: Vec<String> =
            resource.owners().iter().map(|of| quoted(&format!("{of}.amazonaws.com"))).collect();
        if !owners.is_empty() {
            conditions.push(format!("eventsource IN ({})", owners.join(", ")));
        }
        if resource.kind.as_deref() == Some("policy") {
            conditions.push("NOT regexp_like(eventname, '^(Put|Delete)(User|Group|Role)Policy$')".to_owned());
        }
        let noun = format!("(?i:{})", nouns.join("|"));
        let named =
            |verbs: &str| format!("regexp_like(eventname, '^({verbs}){noun}s?([0-9]{{8}}(v[0-9]+)?)?$')");
        let made = "Create|Import|Register|Allocate|Run";
        let gone = named("Delete|Deregister|Release|Terminate");
        conditions.push(match deed {
            Deed::Created | Deed::Put => {
                let mut created = vec![named(&format!("{made}|Put"))];
                // What was renamed is there under its new name since then.
                let renames = [("user", "User"), ("group", "Group")];
                let rename = renames.iter().find(|(kind, _)| resource.kind.as_deref() == Some(*kind));
                created.extend(rename.map(|(_, of)| {
                    format!(
                        "(eventname = 'Update{of}' AND json_extract_scalar(requestparameters, '$.new{of}Name') = {})",
                        quoted(&resource.name)
                    )
                }));
                format!("({})", created.join(" OR "))
            }
            Deed::Deleted => gone,
            Deed::Changed => format!("NOT ({} OR {gone})", named(made)),
        });
        let purpose = "What was done to the resource, the newest first; rows with an error code are attempts"
            .to_owned();
        Ok(Statement { purpose, sql: self.select(&conditions, filter, limit) })
    }

    fn select(&self, conditions: &[String], filter: &Filter, limit: usize) -> String {
        let regions: Vec<String> = self.regions.iter().map(|region| quoted(region)).collect();
        let date = |at: Timestamp| quoted(&day(at.to_zoned(TimeZone::UTC).date()));
        let from = filter.since.map_or_else(|| quoted(&day(self.start)), date);
        let mut sql = format!(
            "{SHOWN}\nFROM \"{}\"\nWHERE region IN ({})\n  AND day >= {from}",
            self.name,
            regions.join(", ")
        );
        for condition in conditions {
            _ = write!(sql, "\n  AND {condition}");
        }
        sql.push_str("\nORDER BY eventtime DESC");
        if limit > 0 {
            _ = write!(sql, "\nLIMIT {limit}");
        }
        sql
    }
}

/// Writes what a filter asks for.
fn conditions(filter: &Filter) -> Vec<String> {
    let mut all = Vec::new();
    let moment = |at: Timestamp| quoted(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    all.extend(filter.since.map(|at| format!("eventtime >= {}", moment(at))));
    all.extend(filter.until.map(|at| format!("eventtime <= {}", moment(at))));
    all.extend(filter.who.as_ref().map(who));
    match &filter.event {
        Some(Pattern::Name(name)) => all.push(format!("eventname = {}", quoted(name))),
        Some(Pattern::Start(start)) => all.push(format!("strpos(eventname, {}) = 1", quoted(start))),
        None => {}
    }
    all.extend(filter.source.as_ref().map(|source| format!("eventsource = {}", quoted(source))));
    if filter.errors {
        all.push("(coalesce(errorcode, '') <> '' OR coalesce(errormessage, '') <> '')".to_owned());
    }
    all.extend(filter.read_only.map(|flag| format!("readonly = '{flag}'")));
    all.extend(filter.resource.as_ref().map(resource));
    all
}

fn who(asked: &Who) -> String {
    let session = "split_part(useridentity.principalid, ':', 2)";
    let role = |name: &str| {
        format!(
            "useridentity.type = 'AssumedRole' AND useridentity.sessioncontext.sessionissuer.username = {}",
            quoted(name)
        )
    };
    match asked {
        Who::Root => "useridentity.type = 'Root'".to_owned(),
        Who::Key(key) => format!("useridentity.accesskeyid = {}", quoted(key)),
        Who::User(name) => {
            format!("useridentity.type = 'IAMUser' AND useridentity.username = {}", quoted(name))
        }
        Who::Role(name) => role(name),
        Who::Session(name, of) => format!("{} AND {session} = {}", role(name), quoted(of)),
        Who::Federated(name) => {
            format!("useridentity.type = 'FederatedUser' AND {session} = {}", quoted(name))
        }
        Who::Of(account, of) => format!("useridentity.accountid = {} AND {}", quoted(account), who(of)),
        Who::Service(name) => format!("useridentity.invokedby = {}", quoted(name)),
        Who::Name(name) => {
            let name = quoted(name);
            format!("(useridentity.username = {name} OR {session} = {name})")
        }
    }
}

/// The parameters and the answer are texts of JSON: the name stands in them between quotes, or at the end of an ARN.
fn resource(resource: &Resource) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let inside = json(&resource.name);
    let inside = inside.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    let columns = ["requestparameters", "responseelements"];
    let stand = |forms: &[String]| {
        let each = forms
            .iter()
            .flat_map(|form| columns.map(|column| format!("strpos({column}, {}) > 0", quoted(form))));
        format!("({})", each.collect::<Vec<_>>().join("\n    OR "))
    };
    let bare = format!("\"{inside}\"");
    let Some(arn) = &resource.arn else {
        return stand(&[bare, format!("/{inside}\""), format!(":{inside}\"")]);
    };
    // A bare name is one in the account and the region of the event; another ARN with this name is another thing.
    let mut here = vec![stand(&[bare])];
    here.extend(resource.account().map(|account| format!("recipientaccountid = {}", quoted(account))));
    here.extend(resource.region().map(|region| format!("awsregion = {}", quoted(region))));
    format!("({} OR ({}))", stand(&[json(arn)]), here.join(" AND "))
}

/// Writes a text as a literal.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn day(date: Date) -> String {
    date.strftime("%Y/%m/%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place<'static> {
        Place {
            bucket: "trail-logs",
            prefix: None,
            organization: None,
            account: "123456789012",
            regions: &[],
            start: Date::constant(2025, 1, 1),
            table: "cloudtrail_logs",
        }
    }

    fn table(regions: &[&str]) -> Table {
        let regions: Vec<String> = regions.iter().map(|region| (*region).to_owned()).collect();
        Table::new(&Place { regions: &regions, ..place() }).unwrap()
    }

    #[test]
    fn the_table_finds_its_files_by_region_and_day() {
        let regions = ["us-east-1".to_owned(), "eu-west-1".to_owned()];
        let organization = Some("o-0123456789");
        let made = Table::new(&Place { prefix: Some("/audit/"), organization, regions: &regions, ..place() })
            .unwrap()
            .create();
        let root = "s3://trail-logs/audit/AWSLogs/o-0123456789/123456789012/CloudTrail/";
        assert!(made.sql.contains(&format!("LOCATION '{root}'")), "{}", made.sql);
        assert!(made.sql.contains(&format!("'storage.location.template' = '{root}${{region}}/${{day}}'")));
        assert!(made.sql.contains("'projection.region.values' = 'us-east-1,eu-west-1'"));
        assert!(made.sql.contains("'projection.day.range' = '2025/01/01,NOW'"));
        let (open, shut) = (made.sql.matches('<').count(), made.sql.matches('>').count());
        assert_eq!(open, shut, "every structure is closed");
    }

    #[test]
    fn nothing_that_is_typed_leaves_its_quotes() {
        let hostile = "zq' OR '1'='1";
        let filter = Filter {
            who: Some(Who::Name(hostile.to_owned())),
            source: Some(hostile.to_owned()),
            resource: Some(Resource::parse(hostile).unwrap()),
            ..Filter::default()
        };
        let sql = table(&["us-east-1"]).history(&filter, 5).sql;
        let bare: String = sql.replace("''", "").split('\'').step_by(2).collect();
        assert!(!bare.contains("OR 1") && !bare.contains("zq"), "{sql}");
        assert_eq!(sql.matches('\'').count() % 2, 0);
        for wrong in [
            Place { bucket: "a'b", ..place() },
            Place { bucket: "B", ..place() },
            Place { prefix: Some("a b"), ..place() },
            Place { organization: Some("o-1'"), ..place() },
            Place { account: "1", ..place() },
            Place { table: "x; DROP", ..place() },
            Place { table: "1x", ..place() },
            Place { regions: &["us-east-1'".to_owned()], ..place() },
        ] {
            assert!(Table::new(&wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_was_made_is_told_by_the_kind() {
        let user = Resource::parse("user/User2").unwrap();
        let filter = Filter { resource: Some(user.clone()), read_only: Some(false), ..Filter::default() };
        let sql = table(&["us-east-1"]).who(Deed::Created, &user, &filter, 10).unwrap().sql;
        assert!(sql.contains("Put)(?i:user)s?([0-9]{8}"), "{sql}");
        assert!(sql.contains("eventsource IN ('iam.amazonaws.com')"), "others only mention it: {sql}");
        assert!(sql.contains("useridentity.accountid) AS who"), "{sql}");
        let role = Resource::parse("role/R").unwrap();
        let sql = table(&["us-east-1"]).who(Deed::Created, &role, &filter, 10).unwrap().sql;
        assert!(sql.contains("(?i:role|servicelinkedrole)"), "{sql}");
        let other = Resource::parse("arn:aws:iam::999999999999:user/User2").unwrap();
        let asked = Filter { resource: Some(other), ..Filter::default() };
        let sql = table(&["us-east-1"]).history(&asked, 10).sql;
        assert!(sql.contains("> 0) AND recipientaccountid = '999999999999'))"), "{sql}");
        assert!(!sql.contains("'/User2"), "another path is another user: {sql}");
        let bare = Resource::parse("User2").unwrap();
        let error = table(&["us-east-1"]).who(Deed::Created, &bare, &filter, 10).unwrap_err();
        assert!(error.contains("`user/User2`"), "what is made is not told by the name: {error}");
        assert!(sql.contains(r#"strpos(requestparameters, '"User2"') > 0"#), "{sql}");
        let strange = Resource { kind: Some("u)'".into()), ..user };
        assert!(table(&[]).who(Deed::Created, &strange, &filter, 10).is_err());
    }

    #[test]
    fn a_word_of_sql_can_be_the_name_of_a_table() {
        let named = Table::new(&Place { table: "table", ..place() }).unwrap();
        assert!(named.create().sql.contains("EXISTS `table` ("), "{}", named.create().sql);
        for query in [named.last_root_login(), named.history(&Filter::default(), 5)] {
            assert!(query.sql.contains("FROM \"table\"\n"), "{}", query.sql);
        }
    }

    #[test]
    fn root_signs_in_at_home() {
        assert!(table(&["eu-west-1", "us-east-1"]).last_root_login().sql.contains("region = 'us-east-1'"));
        assert!(table(&["us-gov-west-1"]).last_root_login().sql.contains("region = 'us-gov-west-1'"));
    }
}
