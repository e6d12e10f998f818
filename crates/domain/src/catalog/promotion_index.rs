//! Every promotion in the order of trial, and a way from a SKU to those that name it.
//!
//! Pricing asks for one SKU, so it must not walk promotions that concern other SKUs. Whether a promotion is running is
//! not known here: that depends on the time of the asking.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};

use super::{AppliesTo, Promotion};
use crate::ids::{PromotionId, Sku};

/// Promotions that concern the same goods, each list in the order of trial.
#[derive(Clone, Debug, Default)]
pub(crate) struct PromotionLists {
    /// Those decided over one SKU.
    pub(crate) item: Vec<Arc<Promotion>>,
    /// Those decided over the order.
    pub(crate) order: Vec<Arc<Promotion>>,
}

impl PromotionLists {
    fn list_for(&mut self, promotion: &Promotion) -> &mut Vec<Arc<Promotion>> {
        if promotion.is_of_order() { &mut self.order } else { &mut self.item }
    }

    fn is_empty(&self) -> bool {
        self.item.is_empty() && self.order.is_empty()
    }
}

/// See the page of this room.
#[derive(Clone, Debug, Default)]
pub(super) struct PromotionIndex {
    by_id: BTreeMap<PromotionId, Arc<Promotion>>,
    /// All of them in the order of trial.
    ranked: Vec<Arc<Promotion>>,
    for_all: PromotionLists,
    by_sku: BTreeMap<Sku, PromotionLists>,
}

impl PromotionIndex {
    pub(super) fn get(&self, id: &PromotionId) -> Option<&Arc<Promotion>> {
        self.by_id.get(id)
    }

    pub(super) fn ranked(&self) -> &[Arc<Promotion>] {
        &self.ranked
    }

    pub(super) fn for_all(&self) -> &PromotionLists {
        &self.for_all
    }

    pub(super) fn naming(&self, sku: &Sku) -> Option<&PromotionLists> {
        self.by_sku.get(sku)
    }

    /// Adds a promotion, replacing the one of the same id.
    pub(super) fn put(&mut self, promotion: Arc<Promotion>) {
        if let Some(replaced) = self.by_id.insert(promotion.id.clone(), Arc::clone(&promotion)) {
            self.unlist(&replaced);
        }
        insert_ranked(&mut self.ranked, &promotion);
        match &promotion.applies_to {
            AppliesTo::All => insert_ranked(self.for_all.list_for(&promotion), &promotion),
            AppliesTo::Skus(skus) => {
                for sku in skus {
                    let lists = self.by_sku.entry(sku.clone()).or_default();
                    insert_ranked(lists.list_for(&promotion), &promotion);
                }
            }
        }
    }

    fn unlist(&mut self, promotion: &Promotion) {
        remove_ranked(&mut self.ranked, promotion);
        match &promotion.applies_to {
            AppliesTo::All => remove_ranked(self.for_all.list_for(promotion), promotion),
            AppliesTo::Skus(skus) => {
                for sku in skus {
                    let lists = self.by_sku.get_mut(sku).expect("a promotion is listed under every SKU it names");
                    remove_ranked(lists.list_for(promotion), promotion);
                    if lists.is_empty() {
                        self.by_sku.remove(sku);
                    }
                }
            }
        }
    }
}

fn insert_ranked(list: &mut Vec<Arc<Promotion>>, promotion: &Arc<Promotion>) {
    let place = list.partition_point(|other| other.rank() < promotion.rank());
    list.insert(place, Arc::clone(promotion));
}

fn remove_ranked(list: &mut Vec<Arc<Promotion>>, promotion: &Promotion) {
    let place = list.binary_search_by(|other| other.rank().cmp(&promotion.rank()));
    list.remove(place.expect("a promotion stands in every list it was put in"));
}
