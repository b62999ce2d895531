//! Makes and removes what a user signs in with. Everything secret goes to the hand-over before it comes into
//! force (passwords, MFA) or is receipted right after (access keys).

use std::time::Duration;

use totp_rs::{Builder, Totp};

use super::handover::HandOverError;
use super::ownership::{HANDED_OVER, MARK, Ownership, mark};
use super::password::{USUAL_LENGTH, generate};
use super::resources::{Done, gone, iam_tags};
use super::{Place, Session};
use crate::account::snapshot::Tags;
use crate::aws::error::{ApiError, ErrorClass};
use crate::percent;
use crate::secret::Secret;

/// Gives a user a login profile with a new password. The password is on disk before it is in force.
pub(crate) async fn enable_console(session: &Session, name: &str, reset: bool) -> Done {
    let mut length = USUAL_LENGTH;
    loop {
        let result = set_password(session, name, reset, length).await;
        match result {
            // The account asks for more than the usual; what exactly is worth a call only now.
            Err(error) if error.code == "PasswordPolicyViolation" && length == USUAL_LENGTH => {
                let policy = session
                    .aws
                    .find("iam:GetAccountPasswordPolicy", &format!("user.{name}"), || {
                        session.aws.iam.get_account_password_policy().send()
                    })
                    .await?;
                let asked = policy.and_then(|answer| answer.password_policy?.minimum_password_length);
                length = usize::try_from(asked.unwrap_or(0)).unwrap_or(0).max(USUAL_LENGTH + 1);
            }
            other => return other,
        }
    }
}

async fn set_password(session: &Session, name: &str, reset: bool, length: usize) -> Done {
    let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
    let password =
        generate(length).map_err(|error| local("generate a password", &address, error.to_string()))?;
    let url = format!("https://{}.{}/console", session.place.account, sign_in_host(&session.place.partition));
    session.handover.password(name, &password, &url).map_err(|error| handed_over(&address, &error))?;
    let created = aws
        .call("iam:CreateLoginProfile", &address, || {
            iam.create_login_profile()
                .user_name(name)
                .password(password.reveal())
                .password_reset_required(reset)
                .send()
        })
        .await;
    match created {
        // An earlier answer got lost, or somebody was quicker: the password handed over is made the right one.
        Err(error) if error.class == ErrorClass::AlreadyExists => aws
            .call("iam:UpdateLoginProfile", &address, || {
                iam.update_login_profile()
                    .user_name(name)
                    .password(password.reveal())
                    .password_reset_required(reset)
                    .send()
            })
            .await
            .map(drop),
        other => other.map(drop),
    }
}

/// Source: "AWS Sign-In endpoints" (<https://docs.aws.amazon.com/general/latest/gr/signin-service.html>).
fn sign_in_host(partition: &str) -> &'static str {
    match partition {
        "aws-cn" => "signin.amazonaws.cn",
        "aws-us-gov" => "signin.amazonaws-us-gov.com",
        _ => "signin.aws.amazon.com",
    }
}

/// Makes access keys until the user has `wanted`; `kept` are those it has. Each secret is handed over, and then
/// its id written to the user's receipt.
pub(crate) async fn create_access_keys(
    session: &Session,
    name: &str,
    kept: &[String],
    wanted: usize,
) -> Done {
    let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
    let mut kept = kept.to_vec();
    while kept.len() < wanted {
        let answer = aws
            .call("iam:CreateAccessKey", &address, || iam.create_access_key().user_name(name).send())
            .await
            .map_err(lost_key)?;
        let key = answer
            .access_key
            .ok_or_else(|| ApiError::broken("iam:CreateAccessKey", &address, "the answer has no key"))?;
        let secret = Secret::new(key.secret_access_key);
        session
            .handover
            .access_key(name, &key.access_key_id, &secret, &kept)
            .map_err(|error| handed_over(&address, &error))?;
        kept.push(key.access_key_id);
        let receipt = Tags::from([(HANDED_OVER.to_owned(), kept.join(" "))]);
        let tags = iam_tags(&receipt);
        aws.call("iam:TagUser", &address, || {
            iam.tag_user().user_name(name).set_tags(Some(tags.clone())).send()
        })
        .await?;
    }
    Ok(())
}

/// A user may have two keys. Where that is said to be too many, the answer to an earlier try got lost: the next look
/// finds the key that nobody has the secret of.
fn lost_key(error: ApiError) -> ApiError {
    if error.code == "LimitExceeded" { ApiError { class: ErrorClass::Unknown, ..error } } else { error }
}

/// Deletes an access key.
pub(crate) async fn delete_access_key(session: &Session, name: &str, id: &str) -> Done {
    gone(
        session
            .aws
            .call("iam:DeleteAccessKey", &format!("user.{name}"), || {
                session.aws.iam.delete_access_key().user_name(name).access_key_id(id).send()
            })
            .await,
    )
}

/// Switches a key on again that somebody switched off.
pub(crate) async fn set_key_active(session: &Session, name: &str, id: &str) -> Done {
    session
        .aws
        .call("iam:UpdateAccessKey", &format!("user.{name}"), || {
            session
                .aws
                .iam
                .update_access_key()
                .user_name(name)
                .access_key_id(id)
                .status(aws_sdk_iam::types::StatusType::Active)
                .send()
        })
        .await
        .map(drop)
}

/// Makes a virtual MFA device of the user's name, hands its seed over, and enables it with two consecutive codes.
/// `leftovers` are devices of that name that belong to nobody: an earlier run made them and did not get further.
pub(crate) async fn enable_mfa(session: &Session, name: &str, leftovers: &[String]) -> Done {
    let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
    for serial in leftovers {
        delete_leftover(session, name, serial).await?;
    }
    let create = || {
        iam.create_virtual_mfa_device()
            .virtual_mfa_device_name(name)
            .set_tags(Some(iam_tags(&mark(&session.place.scenario))))
            .send()
    };
    let answer = match aws.call("iam:CreateVirtualMFADevice", &address, create).await {
        // The first answer got lost; its seed is unknown, so the device is of no use.
        Err(error) if error.class == ErrorClass::AlreadyExists => {
            let Place { partition, account, .. } = &session.place;
            delete_leftover(session, name, &format!("arn:{partition}:iam::{account}:mfa/{name}")).await?;
            aws.call("iam:CreateVirtualMFADevice", &address, create).await?
        }
        other => other?,
    };
    let device = answer.virtual_mfa_device.ok_or_else(|| {
        ApiError::broken("iam:CreateVirtualMFADevice", &address, "the answer has no device")
    })?;
    let seed = device.base32_string_seed().map(|blob| String::from_utf8_lossy(blob.as_ref()).into_owned());
    let seed = Secret::new(seed.unwrap_or_default());
    let totp =
        authenticator(&seed).map_err(|why| ApiError::broken("iam:CreateVirtualMFADevice", &address, why))?;
    let uri = Secret::new(format!(
        "otpauth://totp/Amazon%20Web%20Services:{}@{}?secret={}&issuer=Amazon%20Web%20Services",
        percent::encode(name),
        session.place.account,
        seed.reveal()
    ));
    let serial = device.serial_number();
    session.handover.mfa(name, serial, &uri).map_err(|error| handed_over(&address, &error))?;

    // The last code and the present one are consecutive and both still accepted. A clock that is off by a step
    // is met by waiting for the next one.
    for attempt in 0.. {
        let now = u64::try_from(session.aws.clock.now().as_second()).unwrap_or(0);
        let first = Secret::new(totp.generate(now.saturating_sub(30)).to_string());
        let second = Secret::new(totp.generate(now).to_string());
        let enabled = aws
            .call("iam:EnableMFADevice", &address, || {
                iam.enable_mfa_device()
                    .user_name(name)
                    .serial_number(serial)
                    .authentication_code1(first.reveal())
                    .authentication_code2(second.reveal())
                    .send()
            })
            .await;
        match enabled {
            Err(error) if error.code == "InvalidAuthenticationCode" && attempt < 3 => {
                let wait = 30 - now % 30;
                session.aws.clock.sleep(Duration::from_secs(wait)).await;
            }
            // An earlier answer got lost: it is enabled, with the seed that was handed over.
            Err(error) if error.class == ErrorClass::AlreadyExists => return Ok(()),
            other => return other.map(drop),
        }
    }
    Ok(())
}

/// Takes a user's MFA devices away: deactivates each, and deletes the virtual ones.
pub(crate) async fn disable_mfa(
    session: &Session,
    name: &str,
    virtual_ones: &[String],
    all: &[String],
) -> Done {
    let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
    let hardware = all.iter().filter(|serial| !virtual_ones.contains(serial));
    for serial in virtual_ones.iter().chain(hardware) {
        gone(
            aws.call("iam:DeactivateMFADevice", &address, || {
                iam.deactivate_mfa_device().user_name(name).serial_number(serial).send()
            })
            .await,
        )?;
    }
    for serial in virtual_ones {
        delete_device(session, name, serial).await?;
    }
    Ok(())
}

/// Deletes a device that belongs to nobody, if this scenario made it.
async fn delete_leftover(session: &Session, name: &str, serial: &str) -> Done {
    let (aws, iam, address) = (&session.aws, &session.aws.iam, format!("user.{name}"));
    let tags = aws
        .find("iam:ListMFADeviceTags", &address, || iam.list_mfa_device_tags().serial_number(serial).send())
        .await;
    let owner = match tags {
        Ok(None) => return Ok(()),
        Ok(Some(answer)) => {
            let tags =
                answer.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect();
            Ownership::of_tags(&tags, &session.place.scenario)
        }
        // moto does not know this call. The device bears the name of a user of ours and nobody uses it.
        Err(error) if error.class == ErrorClass::NotImplemented => Ownership::Ours,
        Err(error) => return Err(error),
    };
    match owner.objection() {
        None => delete_device(session, name, serial).await,
        Some(objection) => Err(local(
            "enable an MFA device",
            &address,
            format!("there is an unused virtual MFA device `{serial}` without the tag `{MARK}`: {objection}"),
        )),
    }
}

async fn delete_device(session: &Session, name: &str, serial: &str) -> Done {
    gone(
        session
            .aws
            .call("iam:DeleteVirtualMFADevice", &format!("user.{name}"), || {
                session.aws.iam.delete_virtual_mfa_device().serial_number(serial).send()
            })
            .await,
    )
}

/// The authenticator app that a seed makes: SHA-1, six digits, thirty seconds (RFC 6238), as AWS's virtual devices.
fn authenticator(seed: &Secret<String>) -> Result<Totp, String> {
    let secret =
        totp_rs::Secret::try_from_base32(seed.reveal()).map_err(|_| "the seed is not base32".to_owned())?;
    Ok(Builder::new().with_secret(secret).build_noncompliant())
}

/// Returns the code that the device of an `otpauth:` URI shows at a Unix time; `None` when the URI has no seed.
pub fn code_of(uri: &Secret<String>, at: u64) -> Option<Secret<String>> {
    let (_, parameters) = uri.reveal().split_once('?')?;
    let seed = parameters.split('&').find_map(|pair| pair.strip_prefix("secret="))?;
    let totp = authenticator(&Secret::new(seed.to_owned())).ok()?;
    Some(Secret::new(totp.generate(at).to_string()))
}

fn handed_over(resource: &str, error: &HandOverError) -> ApiError {
    local("hand over credentials", resource, error.to_string())
}

/// An error on this side, in the shape of an API error.
fn local(operation: &'static str, resource: &str, message: String) -> ApiError {
    ApiError {
        operation,
        resource: resource.into(),
        code: "NotDone".into(),
        message,
        request_id: None,
        class: ErrorClass::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Appendix B of RFC 6238: the seed "12345678901234567890" at 59 s gives 94287082, six digits of it here.
        let seed = Secret::new("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ".to_owned());
        assert_eq!(authenticator(&seed).unwrap().generate(59).to_string(), "287082");
    }

    #[test]
    fn user_names_are_encoded_in_the_uri() {
        assert_eq!(percent::encode("a+b=c@d"), "a%2Bb%3Dc%40d");
    }
}
