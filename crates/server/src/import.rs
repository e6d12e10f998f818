//! `ordain import`: puts the products of a file into a running server, and stock for them where that is wanted.
//!
//! It goes over HTTP like any other caller, so that the server's own rules judge every product. Orders are not placed
//! here: that is `ordain load --baskets`.

mod args;
mod source;
mod summary;

use std::collections::BTreeMap;

pub(crate) use self::args::Arguments;
use self::{
    args::StockRule,
    source::{Chunk, ProductLines, Source, chunks_of},
    summary::{FailedProduct, Summary},
};
use crate::{
    cli::Failure,
    load::{
        bulk::exchange_patiently,
        client::{Connection, Endpoint, RequestHead},
        clock,
        display::bar,
        excerpt,
        products::{FailedLine, failed_lines, import_head},
        scenario::Good,
        stock::{Adjustment, adjust_stock},
    },
    retail::Retail,
};

/// A product that the server took, and the units to receive of it.
type Supply = (String, u64);

/// Imports the file and gives what became of it.
///
/// # Errors
/// When the file cannot be read, the server cannot be reached, or it refuses a request as a whole.
fn execute(arguments: &Arguments) -> Result<Summary, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let resolving = Endpoint::resolve(&arguments.url, arguments.token.as_deref(), arguments.patience);
        let endpoint = resolving.await?;
        match Source::open(&arguments.file)? {
            Source::Retail(retail) => import_retail(arguments, &endpoint, retail).await,
            Source::Lines(lines) => import_lines(arguments, &endpoint, lines).await,
        }
    })
}

async fn import_retail(arguments: &Arguments, endpoint: &Endpoint, retail: Retail) -> Result<Summary, Failure> {
    let mut summary = Summary { retail: Some(retail.counts), baskets: retail.baskets.len(), ..Summary::default() };
    let units = match arguments.stock {
        StockRule::Auto => retail.units_needed(),
        StockRule::Units(units) => vec![units; retail.products.len()],
    };
    let goods: Vec<Good> = retail.products.into_iter().map(Good::from).collect();
    let progress = bar("products", goods.len());
    let mut poster = Poster::new(arguments, endpoint);
    let mut supplies = Vec::new();
    let mut units = units.into_iter();
    for chunk in chunks_of(&goods) {
        let count = chunk.skus.len();
        let supplied = chunk.skus.iter().flatten().cloned().zip(units.by_ref().take(count)).collect::<Vec<_>>();
        let refused = poster.post(&chunk, &mut summary).await?;
        supplies.extend(supplied.into_iter().enumerate().filter(|(at, _)| !refused.contains(at)).map(|(_, it)| it));
        progress.inc(count as u64);
    }
    progress.finish_and_clear();
    // A line of a request is no line of the table.
    summary.failures.iter_mut().for_each(|failure| failure.line = None);
    receive(arguments, endpoint, supplies, &mut summary).await?;
    Ok(summary)
}

async fn import_lines(arguments: &Arguments, endpoint: &Endpoint, mut lines: ProductLines) -> Result<Summary, Failure> {
    let mut summary = Summary::default();
    let units = if let StockRule::Units(units) = arguments.stock { units } else { 0 };
    let mut poster = Poster::new(arguments, endpoint);
    let mut supplies = Vec::new();
    while let Some(chunk) = lines.next_chunk()? {
        let refused = poster.post(&chunk, &mut summary).await?;
        let taken = chunk.skus.into_iter().enumerate().filter(|(at, _)| !refused.contains(at));
        supplies.extend(taken.filter_map(|(_, sku)| sku).map(|sku| (sku, units)));
    }
    lines.finish();
    receive(arguments, endpoint, supplies, &mut summary).await?;
    Ok(summary)
}

/// Sends chunks one after another over one connection.
struct Poster<'a> {
    arguments: &'a Arguments,
    head: RequestHead,
    connection: Connection,
    request: Vec<u8>,
}

impl<'a> Poster<'a> {
    fn new(arguments: &'a Arguments, endpoint: &Endpoint) -> Poster<'a> {
        let connection = Connection::new(endpoint.clone());
        Poster { arguments, head: import_head(endpoint), connection, request: Vec::new() }
    }

    /// Sends a chunk, counts it and gives the places in it that were refused.
    async fn post(&mut self, chunk: &Chunk, summary: &mut Summary) -> Result<Vec<usize>, Failure> {
        self.head.write(&mut self.request, b"", None, &chunk.body);
        let answer = exchange_patiently(&mut self.connection, &self.request, self.arguments.patience).await?;
        let failed = failed_lines(&answer).map_err(|reason| format!("the import was refused: {reason}"))?;
        let mut refused = Vec::new();
        for FailedLine { line, reason } in failed {
            let at = usize::try_from(line).unwrap_or(usize::MAX).wrapping_sub(1);
            let sku = chunk.skus.get(at).cloned().flatten();
            summary.failures.push(FailedProduct { line: chunk.lines.get(at).copied(), sku, reason });
            refused.push(at);
        }
        refused.sort_unstable();
        refused.dedup();
        summary.products += (chunk.lines.len() - refused.len()) as u64;
        Ok(refused)
    }
}

/// Receives the units of each product that has any.
async fn receive(
    arguments: &Arguments,
    endpoint: &Endpoint,
    supplies: Vec<Supply>,
    summary: &mut Summary,
) -> Result<(), Failure> {
    let units: BTreeMap<String, u64> = supplies.into_iter().filter(|(_, units)| *units > 0).collect();
    let adjustment = |(sku, units): (&String, &u64)| Adjustment { sku: sku.clone(), delta: *units as i64 };
    let adjustments: Vec<Adjustment> = units.iter().map(adjustment).collect();
    let name = arguments.name.clone().unwrap_or_else(|| format!("{:016x}", clock::random_run()));
    let progress = bar("stock", adjustments.len());
    let step = progress.clone();
    let changes = (adjustments, format!("import-{name}-"), "import");
    let refused = adjust_stock(endpoint, changes, arguments.patience, move || step.inc(1)).await?;
    progress.finish_and_clear();
    summary.stocked = units.len() as u64;
    summary.units = units.values().sum();
    for (sku, answer) in refused {
        summary.stocked -= 1;
        summary.units -= units[&sku];
        let reason = format!("stock was not received: status {}: {}", answer.status, excerpt(&answer.body));
        summary.failures.push(FailedProduct { line: None, sku: Some(sku), reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
