using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming.Watching;

/// <summary>Whether a provider has its broker, from what its connections say; logs once when that changes.</summary>
internal sealed class BrokerPresence(string provider, ILogger logger)
{
    /// <summary>The connection that is made when something is published, and not before.</summary>
    public const string Publishing = "publishing";

    private readonly Lock _gate = new();
    private readonly HashSet<string> _away = [];

    /// <summary>Why the broker is away; null when it is not.</summary>
    public string? AwayBecause { get; private set; }

    /// <summary>Why nothing is received, whatever the broker says; null when there is no such reason.</summary>
    public string? RefusedBecause { get; private set; }

    /// <summary>A connection was lost or not made.</summary>
    public void OnAway(string connection, string reason)
    {
        lock (_gate)
        {
            if (!_away.Add(connection) || AwayBecause is not null) return;
            AwayBecause = reason;
            StreamLog.Away(logger, provider, reason);
        }
    }

    /// <summary>A connection was made.</summary>
    public void OnBack(string connection)
    {
        lock (_gate)
        {
            bool removed = _away.Remove(connection);
            // Who waits for the next publish to connect again does not know that the broker is back.
            removed |= _away.Remove(Publishing);
            if (!removed || _away.Count > 0) return;
            AwayBecause = null;
            StreamLog.Back(logger, provider);
        }
    }

    /// <summary>A connection is no longer wanted.</summary>
    public void OnGone(string connection)
    {
        lock (_gate)
        {
            if (_away.Remove(connection) && _away.Count == 0) AwayBecause = null;
        }
    }

    public void Refuse(string reason)
    {
        lock (_gate)
        {
            RefusedBecause = reason;
            StreamLog.Refused(logger, provider, reason);
        }
    }
}
