//! Coupon templates and coupons on the wire.

use std::borrow::Cow;

use ordain_domain::{
    catalog::{CouponKind, CouponTemplate},
    coupon::{Coupon, CouponState},
    ids::TemplateId,
    money::Currency,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    currency_text::parse_currency, field_errors::FieldErrors, number_text::PrefixedId, problem::Problem,
    time_text::Rfc3339, wire::percent::parse_percent,
};

/// What a coupon does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CouponKind)]
enum KindWord {
    /// `percent` off the goods after promotions.
    PercentOff,
    /// `amount` off the goods after promotions.
    AmountOff,
    /// No shipping fee.
    FreeShipping,
}

/// A coupon template as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CouponTemplateBody)]
pub(crate) struct TemplateBody<'a> {
    kind: KindWord,
    /// 1 to 100, with `percent_off`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    percent: Option<i64>,
    /// Minor units, with `amount_off`.
    #[serde(default)]
    #[schema(minimum = 1)]
    amount: Option<i64>,
    /// Currency of the amounts. Without one, that of the catalog where it has only one.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "GBP")]
    currency: Option<Cow<'a, str>>,
    /// Least goods after promotions, minor units.
    #[serde(default)]
    #[schema(minimum = 0)]
    minimum_spend: i64,
    /// Most coupons ever granted; without one, any number.
    #[serde(default)]
    #[schema(minimum = 1)]
    limit_total: Option<i64>,
    /// Most coupons ever granted to one user; without one, any number.
    #[serde(default)]
    #[schema(minimum = 1)]
    limit_per_user: Option<i64>,
    /// Included.
    #[serde(borrow)]
    #[schema(value_type = String, format = DateTime)]
    valid_from: Cow<'a, str>,
    /// Excluded.
    #[serde(borrow)]
    #[schema(value_type = String, format = DateTime)]
    valid_until: Cow<'a, str>,
}

impl TemplateBody<'_> {
    /// Whether amounts are in it whose currency is not said.
    pub(crate) fn lacks_currency(&self) -> bool {
        self.currency.is_none() && (self.kind == KindWord::AmountOff || self.minimum_spend > 0)
    }

    /// The template of this body; `only_currency` stands in where none is said.
    pub(crate) fn into_template(
        self,
        id: TemplateId,
        only_currency: Option<Currency>,
    ) -> Result<CouponTemplate, Problem> {
        let mut errors = FieldErrors::new();
        let currency = match &self.currency {
            None => only_currency,
            Some(text) => errors.take(parse_currency(text), format_args!("/currency")),
        };
        let kind = self.kind(&mut errors);
        let limit_total = self.limit_total.and_then(|limit| {
            let limit = u64::try_from(limit).map_err(|_| "must be at least 1");
            errors.take(limit, format_args!("/limit_total"))
        });
        let limit_per_user = self.limit_per_user.and_then(|limit| {
            let limit = u32::try_from(limit).map_err(|_| "must be from 1 to 4,294,967,295");
            errors.take(limit, format_args!("/limit_per_user"))
        });
        let valid_from = errors.time(&self.valid_from, format_args!("/valid_from"));
        let valid_until = errors.time(&self.valid_until, format_args!("/valid_until"));
        let minimum_spend = self.minimum_spend;
        let template = kind.zip(valid_from.zip(valid_until)).map(|(kind, (valid_from, valid_until))| CouponTemplate {
            id,
            kind,
            currency,
            minimum_spend,
            limit_total,
            limit_per_user,
            valid_from,
            valid_until,
            version: 0,
        });
        if let (true, Some(Err(error))) = (errors.is_empty(), template.as_ref().map(CouponTemplate::check)) {
            errors.push(format_args!("{}", error.pointer), error.detail);
        }
        errors.finish(template)
    }

    fn kind(&self, errors: &mut FieldErrors) -> Option<CouponKind> {
        let takes_percent = self.kind == KindWord::PercentOff;
        let takes_amount = self.kind == KindWord::AmountOff;
        let foreign = "is not a field of this kind";
        errors.require(takes_percent || self.percent.is_none(), format_args!("/percent"), foreign);
        errors.require(takes_amount || self.amount.is_none(), format_args!("/amount"), foreign);
        match self.kind {
            KindWord::PercentOff => {
                let percent = errors.take(self.percent.ok_or("is required by this kind"), format_args!("/percent"))?;
                let percent = errors.take(parse_percent(percent), format_args!("/percent"))?;
                Some(CouponKind::PercentOff { percent })
            }
            KindWord::AmountOff => {
                let amount = errors.take(self.amount.ok_or("is required by this kind"), format_args!("/amount"))?;
                Some(CouponKind::AmountOff { amount })
            }
            KindWord::FreeShipping => Some(CouponKind::FreeShipping),
        }
    }
}

/// A coupon template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CouponTemplate)]
pub(crate) struct TemplateView<'a> {
    id: &'a str,
    kind: KindWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    currency: Option<&'a str>,
    minimum_spend: i64,
    limit_total: Option<u64>,
    limit_per_user: Option<u32>,
    #[schema(value_type = String, format = DateTime)]
    valid_from: Rfc3339,
    #[schema(value_type = String, format = DateTime)]
    valid_until: Rfc3339,
    version: u32,
}

impl<'a> From<&'a CouponTemplate> for TemplateView<'a> {
    fn from(template: &'a CouponTemplate) -> TemplateView<'a> {
        let (kind, percent, amount) = match template.kind {
            CouponKind::PercentOff { percent } => (KindWord::PercentOff, Some(percent), None),
            CouponKind::AmountOff { amount } => (KindWord::AmountOff, None, Some(amount)),
            CouponKind::FreeShipping => (KindWord::FreeShipping, None, None),
        };
        TemplateView {
            id: template.id.as_str(),
            kind,
            percent,
            amount,
            currency: template.currency.as_ref().map(Currency::as_str),
            minimum_spend: template.minimum_spend,
            limit_total: template.limit_total,
            limit_per_user: template.limit_per_user,
            valid_from: Rfc3339(template.valid_from),
            valid_until: Rfc3339(template.valid_until),
            version: template.version,
        }
    }
}

/// A page of coupon templates, by id.
#[derive(Debug, ToSchema)]
#[schema(as = CouponTemplatePage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct TemplatePage<'a> {
    data: Vec<TemplateView<'a>>,
    next_cursor: Option<String>,
}

/// Grants a coupon.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = GrantBody)]
pub(crate) struct GrantBody<'a> {
    /// Of which template.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[A-Za-z0-9._:-]{1,64}$")]
    template: Cow<'a, str>,
}

impl GrantBody<'_> {
    /// The template that is named.
    pub(crate) fn template(&self) -> Result<TemplateId, Problem> {
        let mut errors = FieldErrors::new();
        let template = errors.take(TemplateId::new(&self.template), format_args!("/template"));
        errors.finish(template)
    }
}

/// Where a coupon stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CouponStatus)]
enum StateWord {
    /// May be put on an order.
    Granted,
    /// On an order that is not paid yet.
    Frozen,
    /// On a paid order.
    Used,
}

/// A coupon of a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Coupon)]
pub(crate) struct CouponView<'a> {
    #[schema(value_type = String, example = "cpn_123")]
    id: PrefixedId,
    user_id: &'a str,
    template: &'a str,
    status: StateWord,
    /// The order that froze or used it.
    #[schema(value_type = Option<String>)]
    order_id: Option<PrefixedId>,
    version: u64,
    #[schema(value_type = String, format = DateTime)]
    granted_at: Rfc3339,
}

impl<'a> From<&'a Coupon> for CouponView<'a> {
    fn from(coupon: &'a Coupon) -> CouponView<'a> {
        CouponView {
            id: coupon.id.into(),
            user_id: coupon.user_id.as_str(),
            template: coupon.template.as_str(),
            status: match coupon.state {
                CouponState::Granted => StateWord::Granted,
                CouponState::Frozen => StateWord::Frozen,
                CouponState::Used => StateWord::Used,
            },
            order_id: coupon.order.map(PrefixedId::from),
            version: coupon.version,
            granted_at: Rfc3339(coupon.granted_at),
        }
    }
}
