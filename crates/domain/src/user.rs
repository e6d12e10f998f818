//! What Ordain keeps of a buyer: a small profile and named addresses.
//!
//! It is no identity system: no passwords, no sessions. An order copies the address it ships to, so that a later change
//! here never changes a placed order.

use alloc::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    answer::Answer,
    ids::{AddressId, UserId},
    refusal::Refusal,
    scope::Scope,
    time::Timestamp,
};

/// A postal address, as the caller wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Who receives the parcel.
    pub name: Arc<str>,
    /// How the carrier reaches them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Arc<str>>,
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Arc<str>,
    /// State, province, county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Arc<str>>,
    /// Town.
    pub city: Arc<str>,
    /// Street, house number, and whatever else stands above the town.
    pub street: Arc<str>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postcode: Option<Arc<str>>,
}

/// A user's profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The caller's own name of the user.
    pub id: UserId,
    /// Display name.
    pub name: Option<Arc<str>>,
    /// Mail address, unverified.
    pub email: Option<Arc<str>>,
    /// Phone number, unverified.
    pub phone: Option<Arc<str>>,
    /// 1 when first put, one more with each change.
    pub version: u64,
    /// When it was last put.
    pub updated_at: Timestamp,
}

/// One named address of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserAddress {
    /// Whose.
    pub user_id: UserId,
    /// The caller's own name of it: `home`, `work`.
    pub id: AddressId,
    /// The address.
    pub address: Arc<Address>,
    /// 1 when first put, one more with each change.
    pub version: u64,
    /// When it was last put.
    pub updated_at: Timestamp,
}

/// Creates or replaces a profile. `version` and `updated_at` of the value are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutUser {
    /// The profile as it shall be.
    pub user: User,
    /// Refuse unless the stored one has this version (0: unless there is none).
    pub expected_version: Option<u64>,
}

/// Creates or replaces an address. `version` and `updated_at` of the value are ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAddress {
    /// The address as it shall be.
    pub address: UserAddress,
    /// Refuse unless the stored one has this version (0: unless there is none).
    pub expected_version: Option<u64>,
}

/// Creates or replaces a profile.
///
/// # Errors
/// `version_mismatch`.
pub fn put_user(scope: &mut Scope<'_>, command: &PutUser) -> Result<Answer, Refusal> {
    let version = scope.user(&command.user.id).map_or(0, |user| user.version);
    Refusal::check_version(command.expected_version, version)?;
    let user = User { version: version + 1, updated_at: scope.now, ..command.user.clone() };
    scope.changes.users.insert(user.id.clone(), user.clone());
    Ok(Answer::User(user))
}

/// Creates or replaces an address.
///
/// # Errors
/// `version_mismatch`.
pub fn put_address(scope: &mut Scope<'_>, command: &PutAddress) -> Result<Answer, Refusal> {
    let key = (command.address.user_id.clone(), command.address.id.clone());
    let version = scope.address(&key).map_or(0, |address| address.version);
    Refusal::check_version(command.expected_version, version)?;
    let address = UserAddress { version: version + 1, updated_at: scope.now, ..command.address.clone() };
    scope.changes.addresses.insert(key, address.clone());
    Ok(Answer::Address(address))
}
