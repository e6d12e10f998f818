//! Postal addresses on the wire, the same for orders and for users.

use std::{borrow::Cow, fmt, sync::Arc};

use ordain_domain::user::{Address, UserAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{field_errors::FieldErrors, time_text::Rfc3339};

/// Longest part of an address, in characters.
const PART_LENGTH_MAX: usize = 200;

/// A postal address. Each part has at most 200 characters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Address)]
pub(crate) struct AddressBody<'a> {
    /// Who receives the parcel.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    name: Cow<'a, str>,
    /// How the carrier reaches them.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 200)]
    phone: Option<Cow<'a, str>>,
    /// ISO 3166-1 alpha-2, upper case.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Z]{2}$", example = "GB")]
    country: Cow<'a, str>,
    /// State, province, county.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 200)]
    region: Option<Cow<'a, str>>,
    /// Town.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    city: Cow<'a, str>,
    /// Street, house number, and whatever else stands above the town.
    #[serde(borrow)]
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    street: Cow<'a, str>,
    /// Postal code.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, max_length = 200)]
    postcode: Option<Cow<'a, str>>,
}

impl AddressBody<'_> {
    /// Notes the parts that break a bound; `prefix` is where the address stands in the body.
    pub(crate) fn check(&self, errors: &mut FieldErrors, prefix: &'static str) {
        let country = self.country.as_bytes();
        let is_country = country.len() == 2 && country.iter().all(u8::is_ascii_uppercase);
        let country_rule = "must be two upper-case letters (ISO 3166-1 alpha-2)";
        errors.require(is_country, format_args!("{prefix}/country"), country_rule);
        for (name, text) in [("name", &self.name), ("city", &self.city), ("street", &self.street)] {
            errors.text(text, PART_LENGTH_MAX, format_args!("{prefix}/{name}"));
        }
        for (name, text) in [("phone", &self.phone), ("region", &self.region), ("postcode", &self.postcode)] {
            if let Some(text) = text {
                errors.text_or_empty(text, PART_LENGTH_MAX, format_args!("{prefix}/{name}"));
            }
        }
    }

    /// The address as the domain keeps it.
    pub(crate) fn to_address(&self) -> Arc<Address> {
        let text = |text: &Cow<'_, str>| Arc::from(text.as_ref());
        Arc::new(Address {
            name: text(&self.name),
            phone: self.phone.as_ref().map(text),
            country: text(&self.country),
            region: self.region.as_ref().map(text),
            city: text(&self.city),
            street: text(&self.street),
            postcode: self.postcode.as_ref().map(text),
        })
    }
}

/// A postal address, borrowed from the order or user that has it. Its schema is that of the body.
#[derive(Serialize)]
pub(crate) struct AddressView<'a> {
    name: &'a str,
    phone: Option<&'a str>,
    country: &'a str,
    region: Option<&'a str>,
    city: &'a str,
    street: &'a str,
    postcode: Option<&'a str>,
}

impl fmt::Debug for AddressView<'_> {
    /// Addresses are never logged.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("AddressView")
    }
}

impl<'a> From<&'a Address> for AddressView<'a> {
    fn from(address: &'a Address) -> AddressView<'a> {
        AddressView {
            name: &address.name,
            phone: address.phone.as_deref(),
            country: &address.country,
            region: address.region.as_deref(),
            city: &address.city,
            street: &address.street,
            postcode: address.postcode.as_deref(),
        }
    }
}

/// One named address of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserAddress)]
pub(crate) struct UserAddressView<'a> {
    id: &'a str,
    user_id: &'a str,
    #[schema(value_type = AddressBody)]
    address: AddressView<'a>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Rfc3339,
}

impl<'a> From<&'a UserAddress> for UserAddressView<'a> {
    fn from(address: &'a UserAddress) -> UserAddressView<'a> {
        UserAddressView {
            id: address.id.as_str(),
            user_id: address.user_id.as_str(),
            address: AddressView::from(address.address.as_ref()),
            version: address.version,
            updated_at: Rfc3339(address.updated_at),
        }
    }
}

/// All addresses of a user, by id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserAddressPage)]
pub(crate) struct UserAddressPage<'a> {
    pub(crate) data: Vec<UserAddressView<'a>>,
    pub(crate) next_cursor: Option<String>,
}
