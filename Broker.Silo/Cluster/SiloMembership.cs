using Broker.Grains;
using Orleans.Runtime;

namespace Broker.Silo.Cluster;

/// <summary>How the cluster's list shows this silo. Whoever asks at about the same time shares one reading of the list.</summary>
/// <param name="membership">Reads the list; when it finds this silo put out, it ends the process as well.</param>
/// <param name="silo">This silo.</param>
/// <param name="time">The clock.</param>
internal sealed class SiloMembership(IClusterMembershipService membership, ILocalSiloDetails silo, TimeProvider time) : ISiloMembership
{
    /// <summary>A reading serves for so long: many topics are opened at once when they move.</summary>
    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(0.5);

    /// <summary>The list is in the database that the topic is opened in: if that is out of reach, the opening says so.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Task _reading = Task.CompletedTask;
    private long? _read;

    /// <inheritdoc/>
    public async ValueTask<bool> IsMemberAsync()
    {
        await ReadAsync();
        return membership.CurrentSnapshot.GetSiloStatus(silo.SiloAddress) != SiloStatus.Dead;
    }

    private Task ReadAsync()
    {
        lock (_lock)
        {
            if (_reading.IsCompleted && !(_read is { } read && time.GetElapsedTime(read) < Freshness))
            {
                _read = time.GetTimestamp();
                // Not in the turn of the grain that asks first: the others must not wait for it.
                _reading = Task.Run(RefreshAsync);
            }

            return _reading;
        }
    }

    private async Task RefreshAsync()
    {
        try
        {
            await membership.Refresh().AsTask().WaitAsync(Patience, time);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            // What was known last counts; Orleans goes on reading the list, and logs what is wrong.
        }
    }
}
