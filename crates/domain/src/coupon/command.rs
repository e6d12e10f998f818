//! What may be asked of coupons from outside. Freezing and using come with an order.

use serde::{Deserialize, Serialize};

use crate::ids::{TemplateId, UserId};

/// Grants a coupon of a template to a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantCoupon {
    /// Who gets it.
    pub user_id: UserId,
    /// Of which template.
    pub template: TemplateId,
}
