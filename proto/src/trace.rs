//! The trace context on its way: in gRPC metadata, in a stored job, in a span.
//!
//! A job may wait for days between the span that submitted it and the one that fetches; so its context is kept as the
//! W3C `traceparent` text (<https://www.w3.org/TR/trace-context/>) and turned back into a parent when work goes on.

use gleaner_model::Trace;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tonic::metadata::{MetadataMap, MetadataValue};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

const HEADER: &str = "traceparent";

/// The context that a call carries, or that of the current span if it carries none.
#[must_use]
pub fn extract(metadata: &MetadataMap) -> Trace {
    let carried = metadata.get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| parse(text).is_some());
    match carried {
        Some(text) => Trace(Some(text.into())),
        None => current(),
    }
}

/// Sends the current span's context along with a call.
pub fn inject(metadata: &mut MetadataMap) {
    if let Trace(Some(text)) = current()
        && let Ok(value) = MetadataValue::try_from(&*text)
    {
        metadata.insert(HEADER, value);
    }
}

/// The current span's context; none if nothing is traced.
#[must_use]
pub fn current() -> Trace {
    of_span(&Span::current())
}

/// A span's context; none if it is not traced.
#[must_use]
pub fn of_span(span: &Span) -> Trace {
    if span.is_disabled() {
        return Trace::default();
    }
    let context = span.context();
    let span = context.span();
    let context = span.span_context();
    if !context.is_valid() {
        return Trace::default();
    }
    let (trace, span, flags) = (context.trace_id(), context.span_id(), context.trace_flags().to_u8());
    Trace(Some(format!("00-{trace}-{span}-{flags:02x}").into()))
}

/// Makes `span` part of a trace, if there is one.
pub fn set_parent(span: &Span, trace: &Trace) {
    if let Some(context) = trace.0.as_deref().and_then(parse) {
        // It fails only if no OpenTelemetry layer is installed, when there is nothing to be part of.
        let _ = span.set_parent(opentelemetry::Context::new().with_remote_span_context(context));
    }
}

/// The context for work that goes on from `parent` in `span`: the span's own, or the parent's if nothing is traced here.
#[must_use]
pub fn continued(span: &Span, parent: &Trace) -> Trace {
    set_parent(span, parent);
    let own = of_span(span);
    if own.0.is_some() { own } else { parent.clone() }
}

/// Version 00: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`; later versions may have more behind it.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let known = version != "00" || parts.next().is_none();
    if version.len() != 2 || version == "ff" || trace.len() != 32 || span.len() != 16 || flags.len() != 2 || !known {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from_hex(trace).ok()?,
        SpanId::from_hex(span).ok()?,
        TraceFlags::new(u8::from_str_radix(flags, 16).ok()?),
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_carried_context_is_kept_and_rubbish_is_not() {
        let mut metadata = MetadataMap::new();
        metadata.insert(HEADER, MetadataValue::from_static(PARENT));
        assert_eq!(extract(&metadata), Trace(Some(PARENT.into())));
        metadata.insert(HEADER, MetadataValue::from_static("00-xyz"));
        assert_eq!(extract(&metadata), Trace(None));
    }

    #[test]
    fn only_well_formed_contexts_are_read() {
        assert!(parse(PARENT).is_some());
        assert!(parse(&format!("{PARENT}-more")).is_none());
        assert!(parse(&PARENT.replace("00-4b", "01-4b").replace("-01", "-01-more")).is_some());
        assert!(parse("00-00000000000000000000000000000000-00f067aa0ba902b7-01").is_none());
        assert!(parse("").is_none());
    }
}
