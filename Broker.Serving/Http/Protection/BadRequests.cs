using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace Broker.Serving.Http.Protection;

/// <summary>Counts the requests that Kestrel refuses by itself because they come too slowly or are too big.</summary>
/// <param name="kestrel">Where Kestrel tells of them.</param>
/// <param name="limits">Counts them.</param>
internal sealed class BadRequests(DiagnosticListener kestrel, HttpLimits limits) : IHostedService, IObserver<KeyValuePair<string, object?>>
{
    private const string BadRequest = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    private IDisposable? _subscription;

    /// <summary>Begins to listen.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        _subscription = kestrel.Subscribe(this, static name => name == BadRequest);
        return Task.CompletedTask;
    }

    /// <summary>Listens no more.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        _subscription?.Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void OnNext(KeyValuePair<string, object?> value)
    {
        if (value.Value is IFeatureCollection features && features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException error)
            limits.Count(features, error);
    }

    /// <inheritdoc/>
    public void OnCompleted()
    {
    }

    /// <inheritdoc/>
    public void OnError(Exception error)
    {
    }
}
