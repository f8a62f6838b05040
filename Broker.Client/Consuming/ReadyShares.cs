namespace Broker.Client;

/// <summary>
/// Spreads the number of messages that may be in flight over the connections. Not thread-safe: the consumer's lock guards it.
/// </summary>
/// <remarks>
/// What a connection claims is the larger of its RDY and what it has in flight: RDY that is taken back frees nothing before
/// the messages it brought are answered. So the sum stays within the limit whatever joins or leaves.
/// </remarks>
internal sealed class ReadyShares(NsqConsumerOptions options, TimeProvider time, Random random)
{
    private readonly List<ConsumerConnection> _connections = [];
    private readonly List<ConsumerConnection> _candidates = [];
    private volatile bool _isShort;

    /// <summary>Whether a connection could get more as soon as a message is answered.</summary>
    public bool IsShort => _isShort;

    public IReadOnlyList<ConsumerConnection> Connections => _connections;

    public void Add(ConsumerConnection connection) => _connections.Add(connection);

    public void Remove(ConsumerConnection connection) => _connections.Remove(connection);

    /// <summary>Gives each connection what it should have.</summary>
    public void Distribute(Backoff backoff)
    {
        _isShort = false;
        if (backoff.IsPaused)
            Limit(0);
        else if (backoff.Level > 0)
            GrantSingly(1);
        else if (_connections.Count > options.MaxInFlight)
            GrantSingly(options.MaxInFlight);
        else
            GrantShares();
    }

    /// <summary>
    /// Where not every connection can have a share, takes it from those that do not use it or have had it for long and lets
    /// others have it. To be called from time to time.
    /// </summary>
    public void Rotate(Backoff backoff)
    {
        int limit = backoff.Level > 0 ? 1 : options.MaxInFlight;
        if (_connections.Count <= limit || backoff.IsPaused)
        {
            if (_isShort) Distribute(backoff);
            return;
        }
        long now = time.GetTimestamp();
        foreach (ConsumerConnection connection in _connections)
        {
            connection.HasRested = connection.Ready == 0;
            if (connection.Ready == 0) continue;
            TimeSpan held = time.GetElapsedTime(connection.ReadySince, now);
            TimeSpan idle = time.GetElapsedTime(Math.Max(connection.ReadySince, connection.LastMessage), now);
            if (held >= options.ReadyTimeout || idle >= options.IdleReadyTimeout) connection.SetReady(0, now);
        }
        Distribute(backoff);
    }

    private int Room()
    {
        int room = options.MaxInFlight;
        foreach (ConsumerConnection connection in _connections) room -= connection.Claim;
        return room;
    }

    private void Limit(int ready)
    {
        long now = time.GetTimestamp();
        foreach (ConsumerConnection connection in _connections)
        {
            if (connection.Ready > ready) connection.SetReady(ready, now);
        }
    }

    private void GrantShares()
    {
        if (_connections.Count == 0) return;
        (int share, int extra) = Math.DivRem(options.MaxInFlight, _connections.Count);
        long now = time.GetTimestamp();
        // Lowering comes first: what it frees is what the others are given.
        for (int i = 0; i < _connections.Count; i++)
        {
            if (_connections[i].Ready > Target(i)) _connections[i].SetReady(Target(i), now);
        }
        int room = Room();
        for (int i = 0; i < _connections.Count; i++)
        {
            ConsumerConnection connection = _connections[i];
            int target = Target(i);
            if (connection.Ready >= target) continue;
            int claim = connection.Claim;
            int granted = Math.Min(target, claim + Math.Max(room, 0));
            if (granted > connection.Ready) connection.SetReady(granted, now);
            room -= connection.Claim - claim;
            if (granted < target) _isShort = true;
        }

        int Target(int i) => Math.Min(share + (i < extra ? 1 : 0), _connections[i].MaxReady);
    }

    private void GrantSingly(int limit)
    {
        long now = time.GetTimestamp();
        Limit(1);
        int granted = 0;
        _candidates.Clear();
        foreach (ConsumerConnection connection in _connections)
        {
            if (connection.Ready > 0 && ++granted > limit)
            {
                connection.SetReady(0, now);
                granted--;
            }
            else if (connection.Ready == 0)
            {
                _candidates.Add(connection);
            }
        }
        int room = Math.Min(limit - granted, Room());
        while (room > 0 && _candidates.Count > 0)
        {
            ConsumerConnection chosen = Choose();
            _candidates.Remove(chosen);
            int claim = chosen.Claim;
            chosen.SetReady(1, now);
            granted++;
            room -= Math.Max(1, chosen.Claim - claim);
        }
        _isShort = granted < limit && _candidates.Count > 0;
    }

    private ConsumerConnection Choose()
    {
        int rested = _candidates.Count(candidate => candidate.HasRested);
        if (rested == 0) return _candidates[random.Next(_candidates.Count)];
        int choice = random.Next(rested);
        return _candidates.Where(candidate => candidate.HasRested).ElementAt(choice);
    }
}
