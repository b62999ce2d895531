//! The virtual MFA devices of the account and whose they are: one call (or page) for all users.

use aws_sdk_iam::types::AssignmentStatusType;

use crate::account::snapshot::VirtualMfaDevice;
use crate::aws::Aws;
use crate::aws::error::ApiError;

/// Reads all devices, or those that somebody uses.
pub(super) async fn read(aws: &Aws, which: AssignmentStatusType) -> Result<Vec<VirtualMfaDevice>, ApiError> {
    let mut devices = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let page = aws
            .call("iam:ListVirtualMFADevices", "the account", || {
                aws.iam
                    .list_virtual_mfa_devices()
                    .assignment_status(which.clone())
                    .max_items(1000)
                    .set_marker(marker.clone())
                    .send()
            })
            .await?;
        devices.extend(page.virtual_mfa_devices().iter().map(|device| VirtualMfaDevice {
            serial: device.serial_number().into(),
            user: device.user().map(|user| user.user_name().to_owned()).filter(|name| !name.is_empty()),
            owner: device.user().map(|user| user.arn().to_owned()).filter(|arn| !arn.is_empty()),
        }));
        marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
        if marker.is_none() {
            devices.sort_unstable_by(|one, other| one.serial.cmp(&other.serial));
            return Ok(devices);
        }
    }
}
