//! The columns of the credential report, by name and by place.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>

/// A set of columns, a bit for each.
pub(super) type Columns = u32;

/// The columns in their order.
const NAMES: [&str; 22] = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
];

/// What boto3 calls credentials where a client or a session is made.
pub(super) const ACCESS: [&str; 3] = ["aws_access_key_id", "aws_secret_access_key", "aws_session_token"];

/// Whether the two access keys are active.
pub(super) const KEYS: [Column; 2] = [Column::KEY_1_ACTIVE, Column::KEY_2_ACTIVE];

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Column(u8);

impl Column {
    pub(super) const USER: Self = Self(0);
    pub(super) const ARN: Self = Self(1);
    pub(super) const PASSWORD_ENABLED: Self = Self(3);
    pub(super) const PASSWORD_LAST_USED: Self = Self(4);
    pub(super) const MFA_ACTIVE: Self = Self(7);
    pub(super) const KEY_1_ACTIVE: Self = Self(8);
    pub(super) const KEY_1_LAST_USED: Self = Self(10);
    pub(super) const KEY_2_ACTIVE: Self = Self(13);
    pub(super) const KEY_2_LAST_USED: Self = Self(15);
    /// One that could not be told.
    pub(super) const SOME: Self = Self(31);

    /// Returns the column of a name.
    pub(super) fn named(name: &str) -> Option<Self> {
        let place = NAMES.iter().position(|known| *known == name.trim())?;
        u8::try_from(place).ok().map(Self)
    }

    /// Returns the column at a place, counted from 0, or from the end when it is negative.
    pub(super) fn at(place: i64) -> Option<Self> {
        let place = if place < 0 { place.checked_add(22)? } else { place };
        u8::try_from(place).ok().filter(|place| usize::from(*place) < NAMES.len()).map(Self)
    }

    /// Returns its bit.
    pub(super) const fn bit(self) -> Columns {
        1 << self.0
    }

    /// Returns its name.
    pub(super) fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0)).copied().unwrap_or("a column")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_name() {
        for (place, name) in
            [(0, "user"), (3, "password_enabled"), (7, "mfa_active"), (13, "access_key_2_active")]
        {
            assert_eq!(Column::at(place).unwrap().name(), name);
            assert_eq!(Column::named(name), Column::at(place));
        }
        assert_eq!(Column::at(-1).unwrap().name(), "cert_2_last_rotated");
        assert_eq!((Column::at(22), Column::at(-23), Column::named("mfa")), (None, None, None));
        assert_eq!(Column::MFA_ACTIVE.name(), "mfa_active");
        assert_eq!(Column::KEY_2_LAST_USED.name(), "access_key_2_last_used_date");
    }
}
