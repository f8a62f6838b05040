using System.Net;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Broker.Serving.Http.Protection;

/// <summary>Bounds what connections and requests by HTTP may cost, beyond what Kestrel does by itself (<see cref="Configure"/>).</summary>
/// <param name="options">The limits.</param>
/// <param name="refusals">Counts what is refused.</param>
/// <param name="time">The clock.</param>
public sealed class HttpLimits(HttpOptions options, Refusals refusals, TimeProvider time)
{
    private readonly Admission _admission = new(
        options.MaxConnections,
        options.MaxConnectionsPerAddress,
        RefusalReason.TooManyHttpConnections,
        RefusalReason.TooManyHttpConnectionsOfAddress,
        refusals);

    /// <summary>Has Kestrel keep to what it can itself.</summary>
    public static void Configure(KestrelServerLimits limits, HttpOptions options)
    {
        limits.MaxRequestHeadersTotalSize = options.MaxHeaderSize;
        limits.RequestHeadersTimeout = OrNever(options.HeaderTimeout);
        limits.KeepAliveTimeout = OrNever(options.IdleTimeout);
        limits.MinRequestBodyDataRate = options.MinBodyRate > 0 ? new MinDataRate(options.MinBodyRate, options.BodyGrace) : null;
    }

    /// <summary>Bounds the connections of a listener. To be put on it before anything that costs, as TLS does.</summary>
    public void Bound(ListenOptions listener) => listener.Use(next => connection => ServeAsync(connection, next));

    /// <summary>Has a request wait when its connection sends too many, and bounds its body.</summary>
    /// <param name="context">The request.</param>
    /// <param name="boundsBody">Whether what answers it does not bound the body by itself.</param>
    /// <exception cref="OperationCanceledException">The client went away.</exception>
    internal async ValueTask TakeAsync(HttpContext context, bool boundsBody)
    {
        if (boundsBody && options.MaxBodySize > 0 && context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = options.MaxBodySize;
        if (context.Features.Get<CommandAllowance>()?.Take(1) is not { Ticks: > 0 } wait)
            return;
        refusals.Add(RefusalReason.TooManyRequests, context.Connection.RemoteIpAddress);
        await Task.Delay(wait, time, context.RequestAborted);
    }

    /// <summary>Counts a request that Kestrel found too slow or too big, once.</summary>
    /// <param name="features">The request's.</param>
    /// <param name="error">What Kestrel says of it.</param>
    internal void Count(IFeatureCollection features, BadHttpRequestException error)
    {
        if (ReasonOf(error.StatusCode) is not { } reason || features.Get<Counted>() is not null)
            return;
        features.Set(Counted.Once);
        refusals.Add(reason, features.Get<IHttpConnectionFeature>()?.RemoteIpAddress);
    }

    private static RefusalReason? ReasonOf(int status) => status switch
    {
        StatusCodes.Status408RequestTimeout => RefusalReason.SlowRequest,
        StatusCodes.Status413PayloadTooLarge or StatusCodes.Status414UriTooLong or StatusCodes.Status431RequestHeaderFieldsTooLarge =>
            RefusalReason.RequestTooBig,
        _ => null,
    };

    private static TimeSpan OrNever(TimeSpan limit) => limit > TimeSpan.Zero ? limit : Timeout.InfiniteTimeSpan;

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress? address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        if (!_admission.TryEnter(address))
        {
            connection.Abort();
            return;
        }
        try
        {
            if (options.MaxRequestsPerSecond > 0)
                connection.Features.Set(new CommandAllowance(options.MaxRequestsPerSecond, time));
            await next(connection);
        }
        finally
        {
            _admission.Leave(address);
        }
    }

    /// <summary>Marks a request that was counted: Kestrel may say the same again when it looks for the next one.</summary>
    private sealed class Counted
    {
        public static Counted Once { get; } = new();
    }
}
