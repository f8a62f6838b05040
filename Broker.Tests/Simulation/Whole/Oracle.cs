using Broker.Messages;

namespace Broker.Tests.Simulation.Whole;

/// <summary>Knows what was acknowledged, and judges what is delivered.</summary>
internal sealed class Oracle
{
    // Milliseconds for which what was sent before a pause may still come.
    private const long UnderWay = 10;

    private readonly Dictionary<(string Topic, ulong Id), string> _values = [];
    private readonly Dictionary<(string Topic, string Channel), long> _channels = [];
    private readonly SortedDictionary<string, Published> _published = new(StringComparer.Ordinal);
    private readonly Dictionary<(string ChannelKey, string Value), int> _deliveries = [];
    private readonly HashSet<(string ChannelKey, string Value)> _finished = [];
    private readonly HashSet<(string ChannelKey, string Value)> _finishSent = [];
    private readonly Dictionary<(string Topic, string Value), ulong> _ids = [];
    private readonly Dictionary<(string Topic, string Channel), (long At, long Mark)> _paused = [];
    private long _sequence;
    private long _calmSince;
    private int _disturbances;

    public int Acknowledged => _published.Values.Count(p => p.AcknowledgedAt is not null);

    public int Deliveries => _deliveries.Values.Sum();

    /// <summary>A channel exists from now on: what is acknowledged later must reach it.</summary>
    public void ChannelCreated(string topic, string channel) => _channels.TryAdd((topic, channel), _sequence++);

    /// <summary>The broker said that the channel is paused.</summary>
    public void Paused(string topic, string channel, long now) => _paused[(topic, channel)] = (now, _sequence++);

    /// <summary>The broker is told that the channel is to go on: from here on it may deliver.</summary>
    public void Resuming(string topic, string channel) => _paused.Remove((topic, channel));

    /// <summary>Something is handed to the broker; from here on it may be delivered.</summary>
    public void Publishing(string topic, string value, long due) => _published.Add(value, new Published(topic, due) { SentAt = _sequence++ });

    /// <summary>The broker said OK: from here on it must be delivered.</summary>
    public void PublishAcknowledged(string value, long now)
    {
        _published[value].AcknowledgedAt = _sequence++;
        _published[value].AcknowledgedTime = now;
    }

    /// <summary>The power went: what was acknowledged from <paramref name="since"/> on was not synced for sure and is not owed any more.</summary>
    public void PowerLost(long since)
    {
        foreach (Published published in _published.Values)
        {
            if (published.AcknowledgedTime >= since)
                published.AcknowledgedAt = null;
        }
    }

    /// <summary>After a crash, a kill or a lost call, what was finished just before may come again.</summary>
    public void Disturbed() => _calmSince = _sequence++;

    /// <summary>From now on until the end, what is finished may come again at any time.</summary>
    public void DisturbanceBegins()
    {
        _disturbances++;
        Disturbed();
        ForgetFinished();
    }

    /// <inheritdoc cref="DisturbanceBegins"/>
    public void DisturbanceEnds()
    {
        _disturbances--;
        Disturbed();
        ForgetFinished();
    }

    public void Delivered(string topic, string channel, ulong id, string value, long now, int attempts)
    {
        Assert.True(_published.TryGetValue(value, out Published? published), $"{value} was delivered but never published");
        Assert.Equal(topic, published!.Topic);
        Assert.True(now >= published.Due, $"{value} was delivered {published.Due - now} ms before it was due");
        Assert.True(attempts >= 1, $"{value} was delivered with {attempts} attempts");
        if (_values.TryGetValue((topic, id), out string? before))
            Assert.True(before == value, $"id {id:x16} of {topic} stood for {before} and now for {value}");
        else
            _values.Add((topic, id), value);
        _ids.TryAdd((topic, value), id);
        Assert.True(_ids[(topic, value)] == id, $"{value} is in the log of {topic} twice, as {_ids[(topic, value)]:x16} and as {id:x16}");
        if (_disturbances == 0 && _paused.TryGetValue((topic, channel), out (long At, long Mark) pause) && pause.Mark > _calmSince)
            Assert.True(now <= pause.At + UnderWay, $"{value} was delivered on {channel}, which was paused {now - pause.At} ms before");
        (string, string) key = (topic + ":" + channel, value);
        Assert.False(_finished.Contains(key), $"{value} was delivered on {channel} although it was finished and nothing has happened since");
        _deliveries[key] = _deliveries.GetValueOrDefault(key) + 1;
    }

    /// <summary>The broker carried out the FIN, which was sent when the oracle stood at <paramref name="sentAt"/>.</summary>
    public void Finished(string topic, string channel, string value, long sentAt)
    {
        if (_disturbances == 0 && sentAt > _calmSince)
            _finished.Add((topic + ":" + channel, value));
    }

    /// <summary>A consumer has sent a FIN: nobody need see the message again.</summary>
    public void FinishSent(string topic, string channel, string value) => _finishSent.Add((topic + ":" + channel, value));

    /// <summary>A mark to compare with disturbances.</summary>
    public long Mark() => _sequence++;

    /// <summary>What was finished and may come again because of a disturbance.</summary>
    public void ForgetFinished() => _finished.Clear();

    /// <summary>Whether there is an acknowledged value that no consumer of a channel existing at that time has got and finished.</summary>
    public bool IsAnyMissing => FindMissing().Any();

    /// <summary>The acknowledged values that no consumer of a channel existing at that time has got and finished.</summary>
    public List<string> Missing() =>
        [.. FindMissing().Select(one => $"{one.Channel}/{one.Value}@{OffsetOf(one.Topic, one.Value)} acknowledged at {_published[one.Value].AcknowledgedTime}")
            .Order(StringComparer.Ordinal)];

    private IEnumerable<(string Topic, string Channel, string Value)> FindMissing() =>
        from published in _published
        where published.Value.AcknowledgedAt is not null
        from channel in _channels
        let name = channel.Key
        where name.Topic == published.Value.Topic && channel.Value < published.Value.SentAt
            && !_finishSent.Contains((name.Topic + ":" + name.Channel, published.Key))
        select (name.Topic, name.Channel, published.Key);

    private string OffsetOf(string topic, string value)
    {
        foreach (((string Topic, ulong Id) key, string held) in _values)
        {
            if (key.Topic == topic && held == value)
                return $"{topic}:{MessageId.OffsetOf(key.Id)}";
        }

        return "?";
    }

    private sealed class Published(string topic, long due)
    {
        public string Topic { get; } = topic;
        public long Due { get; } = due;
        public long SentAt { get; init; }
        public long? AcknowledgedAt { get; set; }
        public long AcknowledgedTime { get; set; }
    }
}
