//! The catalog as one immutable snapshot that costs a few counters to clone.
//!
//! A change copies one chunk of products (or the promotions, or the templates) when another snapshot still holds it, and
//! nothing when none does. The snapshot stores nothing durably and does not check values: whoever puts one in has called
//! its `check`. A value replaces the one of the same name whatever their versions are.

use alloc::{
    collections::{BTreeMap, BinaryHeap, btree_map},
    sync::Arc,
    vec::Vec,
};
use core::{cmp::Ordering, iter::FusedIterator, ops::Bound};

use xxhash_rust::xxh3::xxh3_64;

use super::{CatalogChange, CouponTemplate, Product, Promotion, PromotionLists, promotion_index::PromotionIndex};
use crate::ids::{PromotionId, Sku, TemplateId};

/// How many chunks the products are kept in. A change of one product copies at most one chunk of them.
const CHUNK_COUNT: usize = 256;

type Chunk = BTreeMap<Sku, Arc<Product>>;

/// All products, promotions and coupon templates at one moment.
#[derive(Clone, Debug)]
pub struct Catalog {
    chunks: Arc<Vec<Arc<Chunk>>>,
    promotions: Arc<PromotionIndex>,
    templates: Arc<BTreeMap<TemplateId, Arc<CouponTemplate>>>,
    product_count: usize,
}

impl Default for Catalog {
    fn default() -> Catalog {
        let empty = Arc::new(Chunk::new());
        Catalog {
            chunks: Arc::new(alloc::vec![empty; CHUNK_COUNT]),
            promotions: Arc::default(),
            templates: Arc::default(),
            product_count: 0,
        }
    }
}

impl Catalog {
    /// A catalog with nothing in it.
    #[must_use]
    pub fn new() -> Catalog {
        Catalog::default()
    }

    /// The product of this name.
    #[must_use]
    pub fn product(&self, sku: &Sku) -> Option<&Arc<Product>> {
        self.chunks[chunk_of(sku)].get(sku)
    }

    /// Adds a product, replacing the one of the same SKU.
    pub fn put_product(&mut self, product: impl Into<Arc<Product>>) {
        let product = product.into();
        let chunks = Arc::make_mut(&mut self.chunks);
        let chunk = Arc::make_mut(&mut chunks[chunk_of(&product.sku)]);
        if chunk.insert(product.sku.clone(), product).is_none() {
            self.product_count += 1;
        }
    }

    /// How many products there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.product_count
    }

    /// Whether there are no products.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.product_count == 0
    }

    /// All products in the order of their SKUs (byte order).
    #[must_use]
    pub fn products(&self) -> Products<'_> {
        Products::merge(self.chunks.iter().map(|chunk| chunk.range::<Sku, _>(..)))
    }

    /// At most `limit` products with a SKU after `after` (all of them for `None`), in the order of their SKUs: one page
    /// of a list whose cursor is the last SKU of the page before.
    #[must_use]
    pub fn products_after(&self, after: Option<&Sku>, limit: usize) -> Vec<&Arc<Product>> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let runs = self.chunks.iter().map(|chunk| chunk.range::<Sku, _>((start, Bound::Unbounded)));
        Products::merge(runs).take(limit).collect()
    }

    /// The promotion of this name, whether it is running or not.
    #[must_use]
    pub fn promotion(&self, id: &PromotionId) -> Option<&Arc<Promotion>> {
        self.promotions.get(id)
    }

    /// All promotions in the order in which they are tried: greatest priority first, then by id.
    #[must_use]
    pub fn promotions(&self) -> &[Arc<Promotion>] {
        self.promotions.ranked()
    }

    /// Adds a promotion, replacing the one of the same id.
    pub fn put_promotion(&mut self, promotion: impl Into<Arc<Promotion>>) {
        Arc::make_mut(&mut self.promotions).put(promotion.into());
    }

    /// The promotions that apply to every product.
    pub(crate) fn promotions_for_all(&self) -> &PromotionLists {
        self.promotions.for_all()
    }

    /// The promotions that name this SKU; those for every product are not among them.
    pub(crate) fn promotions_naming(&self, sku: &Sku) -> Option<&PromotionLists> {
        self.promotions.naming(sku)
    }

    /// The coupon template of this name.
    #[must_use]
    pub fn template(&self, id: &TemplateId) -> Option<&Arc<CouponTemplate>> {
        self.templates.get(id)
    }

    /// All coupon templates in the order of their ids.
    pub fn templates(&self) -> impl ExactSizeIterator<Item = &Arc<CouponTemplate>> {
        self.templates.values()
    }

    /// Adds a coupon template, replacing the one of the same id.
    pub fn put_template(&mut self, template: impl Into<Arc<CouponTemplate>>) {
        let template = template.into();
        Arc::make_mut(&mut self.templates).insert(template.id.clone(), template);
    }

    /// Puts in what a change holds. Applying a change twice is the same as once.
    pub fn apply(&mut self, change: &CatalogChange) {
        match change {
            CatalogChange::Product(product) => self.put_product(Arc::clone(product)),
            CatalogChange::Promotion(promotion) => self.put_promotion(Arc::clone(promotion)),
            CatalogChange::Template(template) => self.put_template(Arc::clone(template)),
        }
    }
}

fn chunk_of(sku: &Sku) -> usize {
    (xxh3_64(sku.as_str().as_bytes()) % CHUNK_COUNT as u64) as usize
}

/// Products in the order of their SKUs: the sorted chunks of a [`Catalog`], merged.
#[derive(Debug)]
pub struct Products<'a> {
    heads: BinaryHeap<Head<'a>>,
}

/// The next product of one chunk and the rest of that chunk. The smallest SKU is the greatest head, because the heap
/// gives its greatest.
#[derive(Debug)]
struct Head<'a> {
    product: &'a Arc<Product>,
    rest: btree_map::Range<'a, Sku, Arc<Product>>,
}

impl<'a> Products<'a> {
    fn merge(runs: impl Iterator<Item = btree_map::Range<'a, Sku, Arc<Product>>>) -> Products<'a> {
        Products { heads: runs.filter_map(Head::of).collect() }
    }
}

impl<'a> Iterator for Products<'a> {
    type Item = &'a Arc<Product>;

    fn next(&mut self) -> Option<&'a Arc<Product>> {
        let Head { product, rest } = self.heads.pop()?;
        self.heads.extend(Head::of(rest));
        Some(product)
    }
}

impl FusedIterator for Products<'_> {}

impl<'a> Head<'a> {
    fn of(mut rest: btree_map::Range<'a, Sku, Arc<Product>>) -> Option<Head<'a>> {
        rest.next().map(|(_, product)| Head { product, rest })
    }
}

impl Ord for Head<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.product.sku.cmp(&self.product.sku)
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head<'_> {}
