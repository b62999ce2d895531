//! Virtual MFA devices with real one-time codes (RFC 6238: SHA-1, 30 seconds, 6 digits).

use awsim_core::AwsError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret, Totp};

use super::users;
use crate::sandbox::services::iam::call::{self, Call, members};
use crate::sandbox::services::iam::credentials::{Kept, VirtualMfa};
use crate::sandbox::services::iam::fault::{self, Reply};
use crate::sandbox::services::iam::identity::Identity;
use crate::sandbox::services::iam::store::{self, RootMfa, State};
use crate::sandbox::services::iam::{ids, names, qr};

const STEP: u64 = 30;
/// How many steps a device's clock may be off when it is enabled or used.
const DRIFT: u64 = 2;
/// How many steps it may be off when it is resynchronised.
const RESYNC_DRIFT: u64 = 20;
/// Devices per user.
const QUOTA: usize = 8;

pub(super) fn create(call: &mut Call<'_>) -> Reply {
    let name = call.text("VirtualMFADeviceName")?;
    names::name("VirtualMFADeviceName", &name, 226)?;
    let path = call.path()?;
    let tags = call.new_tags()?;
    let serial = call.arn("mfa", &path, &name);
    if call.state.mfa.keys().any(|have| have.eq_ignore_ascii_case(&serial)) {
        return Err(fault::already_exists("MFADevice entity at the same path and name already exists."));
    }
    let seed = Kept::new(ids::seed()?);
    // As the API reference says: the device's name, the account, the seed.
    let account = call.state.alias.as_deref().unwrap_or(&call.ctx.account_id);
    let picture = qr::png(&format!("otpauth://totp/{name}@{account}?secret={}", seed.reveal()))?;
    let answer = json!({ "VirtualMFADevice": {
        "SerialNumber": serial,
        "Base32StringSeed": STANDARD.encode(seed.reveal()),
        "QRCodePNG": STANDARD.encode(picture),
        "Tags": call::tags_if_any(&tags),
    } });
    let device =
        VirtualMfa { serial: serial.clone(), seed, tags, user: None, enabled: None, last_step: None };
    call.state.mfa.insert(serial, device);
    Ok(answer)
}

pub(super) fn delete(call: &mut Call<'_>) -> Reply {
    let serial = call.text("SerialNumber")?;
    if device(call.state, &serial)?.user.is_some() {
        return Err(fault::delete_conflict("MFA VirtualDevice in use. Must deactivate first."));
    }
    call.state.mfa.remove(&serial);
    Ok(json!({}))
}

pub(super) fn enable(call: &mut Call<'_>) -> Reply {
    let name = call.text("UserName")?;
    let serial = call.text("SerialNumber")?;
    let codes = codes(call)?;
    let (now, wall) = (call.now, call.wall);
    let key = store::key(&call.user_seen(&name)?.name);
    let held = call.state.mfa.values().filter(|device| device.user.as_deref() == Some(&key)).count();
    let device = device(call.state, &serial)?;
    if let Some(owner) = &device.user {
        let message = if *owner == key {
            format!("MFA Device is already in use by user {name}.")
        } else {
            "MFA Device is already in use by another user.".to_owned()
        };
        return Err(fault::already_exists(message));
    }
    if held >= QUOTA {
        return Err(fault::quota("MFADevicesPerUser", QUOTA));
    }
    let step = consecutive(device, &codes, wall, DRIFT).ok_or_else(wrong_code)?;
    device.user = Some(key);
    device.enabled = Some(now);
    device.last_step = Some(step);
    Ok(json!({}))
}

pub(super) fn deactivate(call: &mut Call<'_>) -> Reply {
    let serial = call.text("SerialNumber")?;
    let device = enabled_for(call, &serial)?;
    device.user = None;
    device.enabled = None;
    device.last_step = None;
    Ok(json!({}))
}

pub(super) fn resync(call: &mut Call<'_>) -> Reply {
    let serial = call.text("SerialNumber")?;
    let codes = codes(call)?;
    let wall = call.wall;
    let device = enabled_for(call, &serial)?;
    device.last_step = Some(consecutive(device, &codes, wall, RESYNC_DRIFT).ok_or_else(wrong_code)?);
    Ok(json!({}))
}

pub(super) fn get(call: &mut Call<'_>) -> Reply {
    let serial = call.text("SerialNumber")?;
    let device = device(call.state, &serial)?.clone();
    let user = device.user.as_ref().and_then(|key| call.state.users.get(key));
    Ok(json!({
        "UserName": user.map(|user| &user.name),
        "SerialNumber": device.serial,
        "EnableDate": device.enabled,
    }))
}

pub(super) fn list_for_user(call: &mut Call<'_>) -> Reply {
    let name = call.user_name()?;
    let name = call.user_seen(&name)?.name.clone();
    let key = store::key(&name);
    let own = call.state.mfa.values().filter(|device| device.user.as_deref() == Some(&key));
    let devices = own.map(|device| {
        let value = json!({ "UserName": name, "SerialNumber": device.serial, "EnableDate": device.enabled });
        (device.serial.clone(), value)
    });
    let devices = devices.collect();
    call.listing("MFADevices", devices)
}

pub(super) fn list_virtual(call: &mut Call<'_>) -> Reply {
    let status = call.choice("AssignmentStatus", &["Assigned", "Unassigned", "Any"])?;
    let wanted = |assigned: bool| match status.as_deref() {
        Some("Assigned") => assigned,
        Some("Unassigned") => !assigned,
        _ => true,
    };
    let found = call.state.mfa.values().filter(|device| wanted(device.user.is_some()));
    let mut devices: Vec<(String, Value)> =
        found.map(|device| (device.serial.clone(), shown(call, device))).collect();
    if call.state.root.mfa == Some(RootMfa::Virtual) && wanted(true) {
        let serial = call.arn("mfa", "/", "root-account-mfa-device");
        devices.push((serial.clone(), of_root(call, &serial)));
    }
    let page = call.page(devices)?;
    Ok(json!({
        "VirtualMFADevices": members(page.items),
        "IsTruncated": page.marker.is_some(),
        "Marker": page.marker,
    }))
}

/// A device as lists show it: never with its seed.
fn shown(call: &Call<'_>, device: &VirtualMfa) -> Value {
    let user = device.user.as_ref().and_then(|key| call.state.users.get(key));
    json!({
        "SerialNumber": device.serial,
        "EnableDate": device.enabled,
        "User": user.map(|user| users::full(call, user)),
    })
}

fn of_root(call: &Call<'_>, serial: &str) -> Value {
    let (account, root) = (&call.ctx.account_id, &call.state.root);
    json!({
        "SerialNumber": serial,
        "EnableDate": call.state.created,
        "User": {
            "UserId": account,
            "Arn": Identity::Root.arn(&call.ctx.partition, account),
            "CreateDate": call.state.created,
            "PasswordLastUsed": root.password_last_used,
        },
    })
}

/// Finds a device.
pub(super) fn device<'a>(state: &'a mut State, serial: &str) -> Result<&'a mut VirtualMfa, AwsError> {
    state.mfa.get_mut(serial).ok_or_else(|| {
        fault::no_such_entity(format!("VirtualMFADevice with serial number {serial} doesn't exist."))
    })
}

/// Finds a device that is enabled for the named (or calling) user.
fn enabled_for<'a>(call: &'a mut Call<'_>, serial: &str) -> Result<&'a mut VirtualMfa, AwsError> {
    let name = call.user_name()?;
    let key = store::key(&call.user_seen(&name)?.name);
    let device = call.state.mfa.get_mut(serial).filter(|device| device.user.as_deref() == Some(&key));
    device.ok_or_else(|| fault::no_such_entity("MFA Device invalid for user."))
}

/// Checks one code of a device that is enabled for `user`, and uses it up.
pub(in super::super) fn check(
    state: &mut State,
    user: &str,
    serial: &str,
    code: &str,
    now: Timestamp,
) -> bool {
    let Some(device) = state.mfa.get_mut(serial).filter(|have| have.user == Some(store::key(user))) else {
        return false;
    };
    let Some(totp) = totp(device) else { return false };
    let fresh = |step: &u64| device.last_step.is_none_or(|last| *step > last);
    let found = window(now, DRIFT).filter(fresh).find(|step| code_at(&totp, *step) == code);
    device.last_step = found.or(device.last_step);
    found.is_some()
}

/// The second of the two steps whose codes were given, when they follow each other near `now`.
fn consecutive(device: &VirtualMfa, codes: &[String; 2], now: Timestamp, drift: u64) -> Option<u64> {
    let totp = totp(device)?;
    let [first, second] = codes;
    window(now, drift)
        .find(|step| code_at(&totp, *step) == *first && code_at(&totp, step.saturating_add(1)) == *second)
        .map(|step| step.saturating_add(1))
}

fn window(now: Timestamp, drift: u64) -> impl Iterator<Item = u64> {
    let step = u64::try_from(now.as_second()).unwrap_or(0) / STEP;
    step.saturating_sub(drift)..=step.saturating_add(drift)
}

fn totp(device: &VirtualMfa) -> Option<Totp> {
    let secret = Secret::try_from_base32(device.seed.reveal()).ok()?;
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_step_duration(STEP);
    Some(builder.with_secret(secret).build_noncompliant())
}

fn code_at(totp: &Totp, step: u64) -> String {
    totp.generate(step.saturating_mul(STEP)).to_string()
}

fn codes(call: &Call<'_>) -> Result<[String; 2], AwsError> {
    let code = |name: &str| {
        let code = call.text(name)?;
        names::length(name, &code, 6, 6)?;
        if code.chars().all(|c| c.is_ascii_digit()) {
            Ok(code)
        } else {
            Err(fault::constraint(&code, name, r"satisfy regular expression pattern: [\d]+"))
        }
    };
    Ok([code("AuthenticationCode1")?, code("AuthenticationCode2")?])
}

fn wrong_code() -> AwsError {
    AwsError::forbidden("InvalidAuthenticationCode", "Authentication code for device is not valid.")
}

#[cfg(test)]
mod tests {
    use super::super::testing::Account;
    use super::*;

    /// Creates a device and returns its serial and the codes of the steps around now.
    fn device_with_codes(account: &Account, name: &str) -> (String, impl Fn(i64) -> String + use<>) {
        let made = account.ok("CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": name }));
        let seed = made["VirtualMFADevice"]["Base32StringSeed"].as_str().unwrap();
        let seed = String::from_utf8(STANDARD.decode(seed).unwrap()).unwrap();
        let totp = Builder::new().with_secret(Secret::try_from_base32(seed).unwrap()).build_noncompliant();
        let now = account.clock.now().as_second();
        let code = move |offset: i64| totp.generate(u64::try_from(now + offset * 30).unwrap()).to_string();
        (made["VirtualMFADevice"]["SerialNumber"].as_str().unwrap().to_owned(), code)
    }

    #[test]
    fn two_consecutive_codes_enable_a_device() {
        let account = Account::new();
        account.user("u");
        let (serial, code) = device_with_codes(&account, "d");
        assert_eq!(serial, "arn:aws:iam::123456789012:mfa/d");
        let enable = |first: String, second: String| {
            let input = json!({ "UserName": "u", "SerialNumber": serial,
                                "AuthenticationCode1": first, "AuthenticationCode2": second });
            account.call("EnableMFADevice", input)
        };
        for (first, second) in [(0, 0), (1, 0), (-1, 1), (10, 11)] {
            let error = enable(code(first), code(second)).unwrap_err();
            assert_eq!((error.code.as_str(), error.status.as_u16()), ("InvalidAuthenticationCode", 403));
        }
        enable(code(-1), code(0)).unwrap();
        assert_eq!(enable(code(-1), code(0)).unwrap_err().code, "EntityAlreadyExists");

        let listed = account.ok("ListVirtualMFADevices", json!({ "AssignmentStatus": "Assigned" }));
        let shown = &listed["VirtualMFADevices"]["member"][0];
        assert_eq!(shown["User"]["UserName"], "u");
        assert_eq!(shown.get("Base32StringSeed"), None);
        let unassigned = account.ok("ListVirtualMFADevices", json!({ "AssignmentStatus": "Unassigned" }));
        assert_eq!(unassigned["VirtualMFADevices"]["member"], json!([]));

        let (code, status, _) = account.refused("DeleteVirtualMFADevice", json!({ "SerialNumber": serial }));
        assert_eq!((code.as_str(), status), ("DeleteConflict", 409));
        account.ok("DeactivateMFADevice", json!({ "UserName": "u", "SerialNumber": serial }));
        account.ok("DeleteVirtualMFADevice", json!({ "SerialNumber": serial }));
    }

    #[test]
    fn a_code_signs_in_once() {
        let account = Account::new();
        account.user("u");
        let (serial, code) = device_with_codes(&account, "d");
        account.ok(
            "EnableMFADevice",
            json!({ "UserName": "u", "SerialNumber": serial,
                    "AuthenticationCode1": code(-1), "AuthenticationCode2": code(0) }),
        );
        assert!(!account.iam.check_mfa("u", &serial, &code(0)));
        assert!(account.iam.check_mfa("u", &serial, &code(1)));
        assert!(!account.iam.check_mfa("u", &serial, &code(1)));
        assert!(!account.iam.check_mfa("other", &serial, &code(2)));
    }
}
