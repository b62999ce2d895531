//! IP addresses and ranges of them.

use std::net::IpAddr;

/// A range in CIDR form; a single address is the range of just it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    first: IpAddr,
    prefix: u32,
}

impl Range {
    /// Reads `203.0.113.0/24`, `2001:DB8::/32` or a single address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
        let first: IpAddr = address.parse().ok()?;
        let width = if first.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
            Some(_) => return None,
        };
        (prefix <= width).then_some(Self { first, prefix })
    }

    /// Tells whether an address is in the range. No range holds addresses of the other version.
    pub(super) fn contains(self, text: &str) -> bool {
        let Ok(address) = text.parse() else { return false };
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let apart = first.to_bits() ^ address.to_bits();
                apart.checked_shr(32 - self.prefix).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let apart = first.to_bits() ^ address.to_bits();
                apart.checked_shr(128 - self.prefix).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_addresses() {
        for (range, address, expected) in [
            ("203.0.113.0/24", "203.0.113.255", true),
            ("203.0.113.0/24", "203.0.114.0", false),
            ("203.0.113.7", "203.0.113.7", true),
            ("203.0.113.7", "203.0.113.8", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5678:9::1", true),
            ("2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", false),
            ("::/0", "203.0.113.7", false),
            ("10.0.0.0/8", "not an address", false),
        ] {
            assert_eq!(Range::parse(range).unwrap().contains(address), expected, "{range} {address}");
        }
        for range in ["10.0.0.0/33", "10.0.0/8", "10.0.0.0/+8", "::/129", ""] {
            assert!(Range::parse(range).is_none(), "{range}");
        }
    }
}
