//! The merchant's side of the sandbox: the payment channel port, with the faults of the line between the two.
//!
//! It calls the sandbox in its own process and trusts a notification only by its signature, as any channel's client does.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use ordain_domain::{
    ids::PaymentId,
    payment::{PaymentReport, RefundReport},
};
use ordain_engine::port::payment_channel::{
    Acknowledgement, ChannelFailure, Notification, NotificationProblem, PaymentChannel, PaymentRequest,
    RawNotification, RefundRequest,
};

use super::{
    Sandbox,
    books::Page,
    faults::{Call, Mishap},
    merchant::{self, Answer},
};

/// What the channel is called in the API.
pub const NAME: &str = "sandbox";

/// The sandbox as a payment channel.
#[derive(Clone, Debug)]
pub struct SandboxChannel {
    sandbox: Arc<Sandbox>,
}

impl SandboxChannel {
    pub(super) fn new(sandbox: Arc<Sandbox>) -> SandboxChannel {
        SandboxChannel { sandbox }
    }

    /// Makes one call over a line that has faults.
    async fn call<T: Send + 'static>(
        &self,
        call: Call,
        key: i64,
        operation: impl FnOnce(&mut Page<'_>) -> Answer<T> + Send + 'static,
    ) -> Result<T, ChannelFailure> {
        let (mishap, slow_ms) = self.sandbox.faults.next(call, key);
        match mishap {
            Some(Mishap::Unreachable) => return Err(ChannelFailure::Unreachable("the sandbox is down".to_owned())),
            Some(Mishap::Error) => return Err(ChannelFailure::Unknown("the sandbox answered 500".to_owned())),
            Some(Mishap::ReplyLost) | None => {}
        }
        let answer = self.sandbox.books.run(operation).await;
        if slow_ms > 0 {
            tokio::time::sleep(Duration::from_millis(slow_ms)).await;
        }
        if mishap == Some(Mishap::ReplyLost) {
            return Err(ChannelFailure::Unknown("the reply was lost".to_owned()));
        }
        answer.map_err(|failure| ChannelFailure::Unknown(failure.to_string()))?
    }
}

impl PaymentChannel for SandboxChannel {
    fn name(&self) -> &str {
        NAME
    }

    fn merchant(&self) -> &str {
        &self.sandbox.identity.merchant
    }

    fn open(&self, request: PaymentRequest) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        let identity = Arc::clone(&self.sandbox.identity);
        let key = request.payment.number();
        Box::pin(self.call(Call::Open, key, move |page| merchant::open(page, &identity, &request)))
    }

    fn query(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        let identity = Arc::clone(&self.sandbox.identity);
        let operation = move |page: &mut Page<'_>| merchant::query(page, &identity, payment).map(Ok);
        Box::pin(self.call(Call::Query, payment.number(), operation))
    }

    fn close(&self, payment: PaymentId) -> BoxFuture<'_, Result<PaymentReport, ChannelFailure>> {
        let identity = Arc::clone(&self.sandbox.identity);
        let operation = move |page: &mut Page<'_>| merchant::close(page, &identity, payment).map(Ok);
        Box::pin(self.call(Call::Close, payment.number(), operation))
    }

    fn refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>> {
        let identity = Arc::clone(&self.sandbox.identity);
        let key = request.refund.number();
        let mishap = self.sandbox.faults.get().refund_mishap(key);
        Box::pin(self.call(Call::Refund, key, move |page| merchant::refund(page, &identity, &request, mishap)))
    }

    fn query_refund(&self, request: RefundRequest) -> BoxFuture<'_, Result<RefundReport, ChannelFailure>> {
        let key = request.refund.number();
        let operation = move |page: &mut Page<'_>| merchant::query_refund(page, &request).map(Ok);
        Box::pin(self.call(Call::QueryRefund, key, operation))
    }

    fn verify(&self, raw: &RawNotification<'_>) -> Result<Notification, NotificationProblem> {
        self.sandbox.secret.verify(raw)
    }

    fn acknowledgement(&self) -> Acknowledgement {
        Acknowledgement { content_type: "application/json", body: br#"{"code":"success"}"# }
    }
}
