using System.Diagnostics.Metrics;
using System.Text.Json;
using Broker.Gateway.Connections;
using Broker.Gateway.Telemetry;
using Broker.Health;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Http.Health;

/// <summary>
/// <c>/health/live</c>: this process answers. <c>/health/ready</c>: clients may come; the storage can write, grains answer, and this node is
/// part of its cluster. Anybody may ask, so it is looked at once a second at most.
/// </summary>
internal sealed class HealthEndpoints
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(1);

    private readonly NsqGateway _gateway;
    private readonly IReadinessCheck[] _checks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _sync = new();
    private Task<Dictionary<string, string>>? _results;
    private long _lookedAt;

    /// <param name="gateway">Knows whether it was told to stop.</param>
    /// <param name="checks">What must be well.</param>
    /// <param name="health">Knows whether the store can write.</param>
    /// <param name="meters">Makes the meter that shows it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told what is not well.</param>
    public HealthEndpoints(
        NsqGateway gateway,
        IEnumerable<IReadinessCheck> checks,
        IHealthSource health,
        IMeterFactory meters,
        TimeProvider time,
        ILogger<HealthEndpoints> logger)
    {
        _gateway = gateway;
        _checks = [.. checks];
        _time = time;
        _logger = logger;
        meters.Create(GatewayMetrics.MeterName).CreateObservableGauge(
            "broker.storage.writable", () => health.Failure is null ? 1 : 0, "{store}", "1 while the store can write, 0 from a failure to the next success.");
    }

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/health/live", static _ => new(new PlainResult("OK")));
        endpoints.MapGet("/health/ready", ReadyAsync);
    }

    private async ValueTask<IResult> ReadyAsync(HttpContext context)
    {
        // What stops is not looked at: its parts are on their way out.
        Dictionary<string, string> results = _gateway.IsStopping ? [] : await LookAsync();
        bool isWell = results.Values.All(static result => result == "OK");
        ReadinessDocument document = new()
        {
            Status = _gateway.IsStopping ? "stopping" : isWell ? "ready" : "not ready",
            Checks = results,
        };
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(document, ReadinessJson.Readable.ReadinessDocument);
        context.Response.StatusCode = document.Status == "ready" ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.Headers.CacheControl = "no-store";
        return new BodyResult(body);
    }

    private Task<Dictionary<string, string>> LookAsync()
    {
        lock (_sync)
        {
            if (_results is null || (_results.IsCompleted && _time.GetElapsedTime(_lookedAt) >= Freshness))
            {
                _lookedAt = _time.GetTimestamp();
                _results = Task.Run(CheckAllAsync);
            }

            return _results;
        }
    }

    private async Task<Dictionary<string, string>> CheckAllAsync()
    {
        string[] results = await Task.WhenAll(_checks.Select(CheckAsync));
        return _checks.Zip(results).ToDictionary(static pair => pair.First.Name, static pair => pair.Second, StringComparer.Ordinal);
    }

    private async Task<string> CheckAsync(IReadinessCheck check)
    {
        string? failure;
        try
        {
            using CancellationTokenSource patience = new(Patience, _time);
            failure = await check.CheckAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            failure = $"no answer within {Patience.TotalSeconds} s";
        }
        catch (Exception e)
        {
            failure = e.Message;
        }

        if (failure is not null)
            _logger.NotReady(check.Name, failure);
        return failure ?? "OK";
    }

    private sealed class BodyResult(byte[] body) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.ContentType = V1Result.JsonType;
            httpContext.Response.ContentLength = body.Length;
            return httpContext.Response.BodyWriter.WriteAsync(body).AsTask();
        }
    }
}
