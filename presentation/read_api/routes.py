"""The read API: usage, bills and forecasts, for operators and, of their own account, for customers."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.exceptions import BadRequestError, ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from electrocloud.aws.customer_tokens import CustomerTokens, TokenError
from electrocloud.aws.store.bill_outbox import IssuedBill
from electrocloud.aws.store.forecasts import Forecasts
from electrocloud.aws.store.meter_reader import MeterReader
from electrocloud.aws.store.registry import RegistryStore
from electrocloud.aws.store.service_lookup import ServiceLookup
from electrocloud.aws.store.statements import StatementReader
from electrocloud.domain.local_time import BillingMonth
from electrocloud.domain.meter import RegisteredMeter
from electrocloud.domain.readings.upload import DIRECTIONS, Direction
from electrocloud.domain.registry.occupancy import Span
from presentation.bill_versions import newest_versions
from presentation.green_button import green_button
from presentation.invoice_pdf import as_pdf
from presentation.meter_usage import THIRTEEN_MONTHS, Usage, UsageReading, overlaps, with_costs
from presentation.read_api import answers, models
from presentation.read_api import parameters as sent
from presentation.read_api.callers import Caller, caller_of, spans_for
from presentation.read_api.documents import bill_document, bill_summary, day_ahead, month_forecast
from presentation.read_api.openapi import ROUTES, described
from presentation.read_api.usage_pages import UsageQuery, readings_in, usage_page
from presentation.utility import this_utility


class Sources(NamedTuple):
    """Where the API reads."""

    meters: MeterReader
    registry: RegistryStore
    services: ServiceLookup
    statements: StatementReader
    forecasts: Forecasts
    tokens: CustomerTokens


class ReadApi:
    """Answers API Gateway's events. `clock` gives s since 1970 UTC. botocore's errors are raised as they are."""

    def __init__(self, sources: Sources, clock: Callable[[], float] = time.time) -> None:
        self._sources = sources
        self._clock = clock
        self.app = APIGatewayRestResolver(enable_validation=True)
        for route in ROUTES:
            self.app.get(route.path, **described(route))(getattr(self, route.method))
        self.app.exception_handler(RequestValidationError)(answers.invalid)
        self.app.exception_handler(ServiceError)(_refusal)
        self.app.not_found(lambda _: answers.problem(HTTPStatus.NOT_FOUND, "there is no such route; see docs/api.md"))

    def answer(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """The response to an event of a proxy integration."""
        try:
            caller = caller_of(event, self._sources.tokens)
        except TokenError as fault:
            return answers.unauthorized(str(fault))
        self.app.context["caller"] = caller  # until the call is answered
        return self.app.resolve(dict(event), context)

    def usage(
        self,
        meter_id: sent.MeterId,
        first: sent.From = None,
        to: sent.To = None,
        direction: sent.DirectionOf = "delivered",
        resolution: sent.ResolutionOf = "interval",
        quality: sent.Qualities = None,
        limit: sent.Limit = sent.LIMIT,
        after: sent.After = None,
    ) -> Response[Any]:
        """A meter's readings, or their sums, in pages."""
        meter, spans = self._meter(meter_id)
        asked = sent.range_of(first, to, meter.timezone, self._clock())
        start = max(asked.start, int(after or 0))
        zone = meter.timezone
        query = UsageQuery(meter_id, zone, start, asked.until, spans, direction, resolution, quality or ())
        page = usage_page(self._sources.meters, query, limit)
        following = None if page.following is None else str(page.following)
        return self._json(models.UsagePage(meter_id, zone, direction, resolution, page.rows, following))

    def green_button(self, meter_id: sent.MeterId, first: sent.From = None, to: sent.To = None) -> Response[Any]:
        """A meter's usage and bills as Green Button (NAESB ESPI 4.0) XML."""
        meter, spans = self._meter(meter_id)
        asked = sent.range_of(first, to, meter.timezone, self._clock(), THIRTEEN_MONTHS)
        query = UsageQuery(meter_id, meter.timezone, asked.start, asked.until, spans, "delivered", "interval")
        readings: dict[Direction, Sequence[UsageReading]] = {
            direction: list(readings_in(self._sources.meters, query._replace(direction=direction)))
            for direction in DIRECTIONS
        }
        own = newest_versions(self._visible(self._sources.meters.keyed_history(meter_id)))
        shown = [one for one in own if overlaps(one.bill, asked.first, asked.end)]
        self._sources.services.refresh()
        services = self._sources.services.services_of([meter_id]).get(meter_id, ())
        readings["delivered"] = with_costs(readings["delivered"], shown, services, meter_id)
        made = datetime.fromtimestamp(self._clock(), UTC).replace(minute=0, second=0, microsecond=0)
        feed = green_button(Usage(meter_id, meter.timezone, readings, [one.bill for one in shown]), made)
        if len(feed) > answers.LARGEST:
            raise BadRequestError(f"the file would have {len(feed) / 1e6:.1f} MB; ask for fewer days with from and to")
        return answers.answer(feed, answers.ATOM, self._headers)

    def meter_bills(self, meter_id: sent.MeterId, first: sent.From = None, to: sent.To = None) -> Response[Any]:
        """The bills of a meter's agreements."""
        meter, _ = self._meter(meter_id)
        asked = sent.range_of(first, to, meter.timezone, self._clock(), THIRTEEN_MONTHS)
        own = newest_versions(self._visible(self._sources.meters.keyed_history(meter_id)))
        shown = [bill_summary(one) for one in reversed(own) if overlaps(one.bill, asked.first, asked.end)]
        return self._json(models.BillList(shown))

    def agreement_bills(self, agreement_id: sent.AgreementId) -> Response[Any]:
        """All bills of an agreement."""
        found = self._visible(self._sources.meters.versions_of_agreement(agreement_id))
        if not found:
            raise answers.missing(f"there are no bills of an agreement {agreement_id}, or they are not yours")
        return self._json(models.BillList([bill_summary(one) for one in reversed(newest_versions(found))]))

    def bill(self, agreement_id: sent.AgreementId, cycle: sent.Cycle, version: sent.Version = None) -> Response[Any]:
        """A bill with its lines, or as an invoice in PDF where the call accepts application/pdf."""
        found = self._visible(self._sources.meters.versions_of_agreement(agreement_id, cycle))
        own = [one for one in found if one.key.cycle == cycle and version in (None, one.bill.version)]
        if not own:
            raise answers.missing(f"there is no such bill of {agreement_id} for {cycle}, or it is not yours")
        one = own[-1]
        cache = answers.A_DAY if version and one.bill.status == "final" else answers.REVALIDATE
        if answers.wants_pdf(self._headers):
            printed = as_pdf(self._sources.statements.read([one]), this_utility())
            return answers.answer(printed, answers.PDF, self._headers, cache)
        return answers.document(bill_document(one), self._headers, cache)

    def month_forecast(self, meter_id: sent.MeterId, month: sent.Month = None) -> Response[Any]:
        """What a meter's billing month is expected to come to."""
        meter, spans = self._meter(meter_id)
        now = int(self._clock())
        if not any(span.start <= now < span.end for span in spans):
            raise answers.missing(f"there is no forecast of {meter_id} for you")
        wanted = month or str(BillingMonth.at(now, meter.timezone))
        found = self._sources.forecasts.month_end(meter_id, wanted)
        if found is None:
            raise answers.missing(f"there is no forecast of {meter_id} for {wanted}; they are made once a day")
        return self._json(month_forecast(found))

    def series_forecast(self, series: sent.Series = "fleet") -> Response[Any]:
        """The newest forecast of the fleet or a feeder."""
        found = self._sources.forecasts.newest(series)
        if not found:
            raise answers.missing(f"there is no forecast of {series}")
        return self._json(day_ahead(found[0]))

    def _meter(self, meter_id: str) -> tuple[RegisteredMeter, tuple[Span, ...]]:
        """The meter and what the caller may see of it: of others' meters a customer learns not even that they exist."""
        meter = self._sources.meters.meter(meter_id)
        spans = spans_for(self._caller, self._sources.registry, meter_id) if meter else ()
        if meter is None or not spans:
            raise answers.missing(f"there is no meter {meter_id}, or it is not yours")
        return meter, spans

    def _visible(self, versions: list[IssuedBill]) -> list[IssuedBill]:
        return [one for one in versions if self._caller.may_see(one.bill)]

    def _json(self, content: object) -> Response[Any]:
        return answers.document(content, self._headers)

    @property
    def _caller(self) -> Caller:
        caller: Caller = self.app.context["caller"]
        return caller

    @property
    def _headers(self) -> Mapping[str, str]:
        return self.app.current_event.headers


def _refusal(fault: ServiceError) -> Response[Any]:
    return answers.problem(HTTPStatus(fault.status_code), str(fault.msg))
