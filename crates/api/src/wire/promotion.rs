//! Promotions on the wire: one flat object, in which `kind` says which other fields belong to it.

use std::{borrow::Cow, collections::BTreeSet};

use ordain_domain::{
    catalog::{AppliesTo, PROMOTION_SKUS_MAX, Promotion, PromotionKind, Saving},
    ids::{PromotionId, Sku},
    money::Currency,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    currency_text::parse_currency, field_errors::FieldErrors, json_text::Object, problem::Problem, time_text::Rfc3339,
    wire::percent::parse_percent,
};

const FOREIGN: &str = "is not a field of this kind";
const REQUIRED: &str = "is required by this kind";

/// What a promotion does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PromotionKind)]
enum KindWord {
    /// `percent` off each unit.
    PercentOff,
    /// `amount` off each unit.
    AmountOff,
    /// Each unit at `price`, if that is less.
    FixedPrice,
    /// After every `buy` units of a SKU the next `get` units of it are `percent` cheaper.
    BuyXGetY,
    /// `amount` or `percent` off the order once the goods reach `minimum_spend`.
    SpendAndSave,
}

/// Which goods a promotion applies to: one of the two members.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppliesToBody)]
pub(crate) struct AppliesToBody<'a> {
    /// Every product.
    #[serde(default)]
    all: Option<bool>,
    /// The products named: 1 to 10,000.
    #[serde(default, borrow)]
    #[schema(value_type = Option<Vec<String>>)]
    skus: Option<Vec<Cow<'a, str>>>,
}

/// A promotion as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PromotionBody)]
pub(crate) struct PromotionBody<'a> {
    kind: KindWord,
    /// 1 to 100: with `percent_off`, `buy_x_get_y` (100 unless said) and `spend_and_save`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 100)]
    percent: Option<i64>,
    /// Minor units: with `amount_off` (a unit) and `spend_and_save` (an order).
    #[serde(default)]
    #[schema(minimum = 1)]
    amount: Option<i64>,
    /// Minor units a unit: with `fixed_price`.
    #[serde(default)]
    #[schema(minimum = 0)]
    price: Option<i64>,
    /// Units: with `buy_x_get_y`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    buy: Option<i64>,
    /// Units: with `buy_x_get_y`.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1000)]
    get: Option<i64>,
    /// Minor units: with `spend_and_save`.
    #[serde(default)]
    #[schema(minimum = 1)]
    minimum_spend: Option<i64>,
    #[serde(borrow)]
    #[schema(value_type = AppliesToBody)]
    applies_to: Object<AppliesToBody<'a>>,
    /// Currency of the amounts. Without one, that of the catalog where it has only one.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "GBP")]
    currency: Option<Cow<'a, str>>,
    /// Included.
    #[serde(borrow)]
    #[schema(value_type = String, format = DateTime)]
    starts_at: Cow<'a, str>,
    /// Excluded; without one it runs for ever.
    #[serde(default, borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Cow<'a, str>>,
    /// Whether it goes together with others; no unless said.
    #[serde(default)]
    stackable: bool,
    /// The greater comes first; 0 unless said.
    #[serde(default)]
    priority: i32,
}

impl PromotionBody<'_> {
    /// Whether amounts are in it whose currency is not said.
    pub(crate) fn lacks_currency(&self) -> bool {
        self.currency.is_none() && !matches!(self.kind, KindWord::PercentOff | KindWord::BuyXGetY)
    }

    /// The promotion of this body; `only_currency` stands in where none is said.
    pub(crate) fn into_promotion(self, id: PromotionId, only_currency: Option<Currency>) -> Result<Promotion, Problem> {
        let mut errors = FieldErrors::new();
        self.refuse_foreign_fields(&mut errors);
        let kind = self.kind(&mut errors);
        let applies_to = applies_to(&self.applies_to.0, &mut errors);
        let currency = match &self.currency {
            None => only_currency,
            Some(text) => errors.take(parse_currency(text), format_args!("/currency")),
        };
        let starts_at = errors.time(&self.starts_at, format_args!("/starts_at"));
        let ends_at = self.ends_at.as_ref().and_then(|text| errors.time(text, format_args!("/ends_at")));
        let promotion = kind.zip(applies_to).zip(starts_at).map(|((kind, applies_to), starts_at)| Promotion {
            id,
            kind,
            applies_to,
            currency,
            starts_at,
            ends_at,
            stackable: self.stackable,
            priority: self.priority,
            version: 0,
        });
        if let (true, Some(Err(error))) = (errors.is_empty(), promotion.as_ref().map(Promotion::check)) {
            errors.push(format_args!("{}", error.pointer), error.detail);
        }
        errors.finish(promotion)
    }

    fn refuse_foreign_fields(&self, errors: &mut FieldErrors) {
        use KindWord::{AmountOff, BuyXGetY, FixedPrice, PercentOff, SpendAndSave};
        let of = |kinds: &[KindWord]| kinds.contains(&self.kind);
        let percent = of(&[PercentOff, BuyXGetY, SpendAndSave]);
        errors.require(percent || self.percent.is_none(), format_args!("/percent"), FOREIGN);
        errors.require(of(&[AmountOff, SpendAndSave]) || self.amount.is_none(), format_args!("/amount"), FOREIGN);
        errors.require(of(&[FixedPrice]) || self.price.is_none(), format_args!("/price"), FOREIGN);
        errors.require(of(&[BuyXGetY]) || self.buy.is_none(), format_args!("/buy"), FOREIGN);
        errors.require(of(&[BuyXGetY]) || self.get.is_none(), format_args!("/get"), FOREIGN);
        errors.require(of(&[SpendAndSave]) || self.minimum_spend.is_none(), format_args!("/minimum_spend"), FOREIGN);
    }

    fn kind(&self, errors: &mut FieldErrors) -> Option<PromotionKind> {
        match self.kind {
            KindWord::PercentOff => {
                let percent = required(self.percent, "/percent", errors)?;
                Some(PromotionKind::PercentOff { percent: percentage(percent, errors)? })
            }
            KindWord::AmountOff => Some(PromotionKind::AmountOff { amount: required(self.amount, "/amount", errors)? }),
            KindWord::FixedPrice => Some(PromotionKind::FixedPrice { price: required(self.price, "/price", errors)? }),
            KindWord::BuyXGetY => {
                let buy = units(self.buy, "/buy", errors);
                let get = units(self.get, "/get", errors);
                let percent = percentage(self.percent.unwrap_or(100), errors);
                Some(PromotionKind::BuyXGetY { buy: buy?, get: get?, percent: percent? })
            }
            KindWord::SpendAndSave => {
                let minimum_spend = required(self.minimum_spend, "/minimum_spend", errors);
                let saving = match (self.amount, self.percent) {
                    (Some(amount), None) => Some(Saving::Amount(amount)),
                    (None, Some(percent)) => percentage(percent, errors).map(Saving::Percent),
                    (None, None) => {
                        errors.push(format_args!("/amount"), "or percent is required by this kind");
                        None
                    }
                    (Some(_), Some(_)) => {
                        errors.push(format_args!("/percent"), "must not stand beside amount");
                        None
                    }
                };
                Some(PromotionKind::SpendAndSave { minimum_spend: minimum_spend?, saving: saving? })
            }
        }
    }
}

fn required(number: Option<i64>, pointer: &'static str, errors: &mut FieldErrors) -> Option<i64> {
    errors.take(number.ok_or(REQUIRED), format_args!("{pointer}"))
}

fn percentage(number: i64, errors: &mut FieldErrors) -> Option<u8> {
    errors.take(parse_percent(number), format_args!("/percent"))
}

fn units(number: Option<i64>, pointer: &'static str, errors: &mut FieldErrors) -> Option<u32> {
    let number = required(number, pointer, errors)?;
    errors.take(u32::try_from(number).map_err(|_| "must be 1 to 1000 units"), format_args!("{pointer}"))
}

fn applies_to(body: &AppliesToBody<'_>, errors: &mut FieldErrors) -> Option<AppliesTo> {
    match (body.all, &body.skus) {
        (Some(true), None) => Some(AppliesTo::All),
        (None | Some(false), Some(skus)) => {
            errors.require(
                skus.len() <= PROMOTION_SKUS_MAX,
                format_args!("/applies_to/skus"),
                "must name 1 to 10000 SKUs",
            );
            let named = skus
                .iter()
                .take(PROMOTION_SKUS_MAX)
                .enumerate()
                .filter_map(|(index, sku)| errors.take(Sku::new(sku), format_args!("/applies_to/skus/{index}")));
            Some(AppliesTo::Skus(named.collect::<BTreeSet<Sku>>()))
        }
        _ => {
            errors.push(format_args!("/applies_to"), "must be {\"all\":true} or {\"skus\":[…]}");
            None
        }
    }
}

/// Which goods a promotion applies to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppliesTo)]
struct AppliesToView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    all: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skus: Option<Vec<&'a str>>,
}

/// A promotion.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Promotion)]
pub(crate) struct PromotionView<'a> {
    id: &'a str,
    kind: KindWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buy: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    get: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_spend: Option<i64>,
    #[schema(inline)]
    applies_to: AppliesToView<'a>,
    currency: Option<&'a str>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Rfc3339,
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Rfc3339>,
    stackable: bool,
    priority: i32,
    version: u32,
}

impl<'a> From<&'a Promotion> for PromotionView<'a> {
    fn from(promotion: &'a Promotion) -> PromotionView<'a> {
        let bare = PromotionView {
            id: promotion.id.as_str(),
            kind: KindWord::PercentOff,
            percent: None,
            amount: None,
            price: None,
            buy: None,
            get: None,
            minimum_spend: None,
            applies_to: match &promotion.applies_to {
                AppliesTo::All => AppliesToView { all: Some(true), skus: None },
                AppliesTo::Skus(skus) => {
                    AppliesToView { all: None, skus: Some(skus.iter().map(Sku::as_str).collect()) }
                }
            },
            currency: promotion.currency.as_ref().map(Currency::as_str),
            starts_at: Rfc3339(promotion.starts_at),
            ends_at: promotion.ends_at.map(Rfc3339),
            stackable: promotion.stackable,
            priority: promotion.priority,
            version: promotion.version,
        };
        match promotion.kind {
            PromotionKind::PercentOff { percent } => PromotionView { percent: Some(percent), ..bare },
            PromotionKind::AmountOff { amount } => {
                PromotionView { kind: KindWord::AmountOff, amount: Some(amount), ..bare }
            }
            PromotionKind::FixedPrice { price } => {
                PromotionView { kind: KindWord::FixedPrice, price: Some(price), ..bare }
            }
            PromotionKind::BuyXGetY { buy, get, percent } => {
                let kind = KindWord::BuyXGetY;
                PromotionView { kind, buy: Some(buy), get: Some(get), percent: Some(percent), ..bare }
            }
            PromotionKind::SpendAndSave { minimum_spend, saving } => {
                let (amount, percent) = match saving {
                    Saving::Amount(amount) => (Some(amount), None),
                    Saving::Percent(percent) => (None, Some(percent)),
                };
                let kind = KindWord::SpendAndSave;
                PromotionView { kind, minimum_spend: Some(minimum_spend), amount, percent, ..bare }
            }
        }
    }
}

/// A page of promotions, in the order in which they are tried.
#[derive(Debug, ToSchema)]
#[schema(as = PromotionPage)]
#[expect(dead_code, reason = "only its schema is used: pages are written by `paging`")]
pub(crate) struct PromotionPage<'a> {
    data: Vec<PromotionView<'a>>,
    next_cursor: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json_text::parse_json;

    fn outcome(kind: &str) -> Result<String, Vec<String>> {
        let everything = if kind.contains("applies_to") { "" } else { r#""applies_to":{"all":true},"# };
        let text = format!(r#"{{{kind},{everything}"starts_at":"2026-01-01T00:00:00Z"}}"#);
        let gbp = Currency::new("GBP");
        let promotion = parse_json::<PromotionBody<'_>>(text.as_bytes())
            .and_then(|body| body.into_promotion(PromotionId::new("p").unwrap(), gbp));
        match promotion {
            Ok(promotion) => Ok(serde_json::to_string(&PromotionView::from(&promotion)).unwrap()),
            Err(problem) => {
                let value = serde_json::to_value(problem).unwrap();
                let errors = value["errors"].as_array().unwrap();
                Err(errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect())
            }
        }
    }

    #[test]
    fn kinds_come_back_as_they_were_put() {
        let table = [
            r#""kind":"percent_off","percent":10,"applies_to":{"all":true}"#,
            r#""kind":"amount_off","amount":5,"applies_to":{"skus":["A","B"]}"#,
            r#""kind":"fixed_price","price":0,"applies_to":{"all":true}"#,
            r#""kind":"buy_x_get_y","percent":100,"buy":2,"get":1,"applies_to":{"all":true}"#,
            r#""kind":"spend_and_save","percent":7,"minimum_spend":100,"applies_to":{"all":true}"#,
            r#""kind":"spend_and_save","amount":7,"minimum_spend":100,"applies_to":{"all":true}"#,
        ];
        for kind in table {
            let text = outcome(kind).unwrap();
            assert!(text.starts_with(&format!(r#"{{"id":"p",{kind},"currency":"GBP""#)), "{text}");
        }
        let defaults = outcome(r#""kind":"buy_x_get_y","buy":2,"get":1"#).unwrap();
        assert!(defaults.contains(r#""percent":100,"buy":2,"get":1,"applies_to":{"all":true}"#), "{defaults}");
    }

    #[test]
    fn bodies_are_checked_against_their_kind() {
        let table: [(&str, &[&str]); 10] = [
            (r#""kind":"percent_off""#, &["/percent"]),
            (r#""kind":"percent_off","percent":101"#, &["/percent"]),
            (r#""kind":"percent_off","percent":1,"amount":2,"buy":1"#, &["/amount", "/buy"]),
            (r#""kind":"amount_off","amount":0"#, &["/amount"]),
            (r#""kind":"spend_and_save","minimum_spend":1"#, &["/amount"]),
            (r#""kind":"spend_and_save","minimum_spend":1,"amount":1,"percent":1"#, &["/percent"]),
            (r#""kind":"buy_x_get_y","buy":-1"#, &["/buy", "/get"]),
            (r#""kind":"percent_off","percent":1,"applies_to":{}"#, &["/applies_to"]),
            (r#""kind":"percent_off","percent":1,"applies_to":{"skus":["A","é"]}"#, &["/applies_to/skus/1"]),
            (r#""kind":"percent_off","percent":1,"ends_at":"2025-01-01T00:00:00Z""#, &["/ends_at"]),
        ];
        for (kind, expected) in table {
            let expected: Vec<String> = expected.iter().map(|pointer| (*pointer).to_owned()).collect();
            assert_eq!(outcome(kind), Err(expected), "{kind}");
        }
    }
}
