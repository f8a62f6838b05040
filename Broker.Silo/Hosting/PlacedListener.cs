using System.Net;
using Broker.Serving.Limits;
using Microsoft.AspNetCore.Connections;

namespace Broker.Silo.Hosting;

/// <summary>Accepts a connection only when there is a place for it; until then new ones wait in the listener's queue, and those that are there go on.</summary>
/// <param name="inner">Accepts connections.</param>
/// <param name="places">The places.</param>
/// <param name="refusals">Counts those that have to wait.</param>
internal sealed class PlacedListener(IConnectionListener inner, ConnectionPlaces.Share places, Refusals refusals) : IConnectionListener
{
    private readonly CancellationTokenSource _unbinding = new();

    /// <inheritdoc/>
    public EndPoint EndPoint => inner.EndPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        if (!places.TryTake())
        {
            refusals.Add(RefusalReason.TooManyOpenFiles, "who connects next");
            try
            {
                await places.TakeAsync(_unbinding.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        ConnectionContext? connection = null;
        try
        {
            connection = await inner.AcceptAsync(cancellationToken);
        }
        finally
        {
            if (connection is null)
                places.GiveBack();
        }
        return connection is null ? null : new PlacedConnection(connection, places);
    }

    /// <inheritdoc/>
    public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        await _unbinding.CancelAsync();
        await inner.UnbindAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _unbinding.CancelAsync();
        await inner.DisposeAsync();
    }
}
