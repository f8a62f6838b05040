using System.Globalization;
using Broker.Messages;
using Broker.Policies;
using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>
/// What the topic's policy lets be published: messages of a size, so many a second, and so many bytes in all. What comes too soon is held, up to a bound.
/// </summary>
/// <param name="topic">The activation.</param>
/// <param name="time">The clock.</param>
internal sealed class PublishLimits(TopicActivation topic, TimeProvider time)
{
    /// <summary>How long a publish is held at most, in milliseconds: less than its gateway waits for an answer.</summary>
    public const long LongestHold = 3_000;

    // Milliseconds: so much of the rate may come at once after a pause.
    private const long Burst = 100;

    private readonly Dictionary<(long Publisher, long Sequence), Task> _held = [];
    private TaskCompletionSource _changed = new();
    private int _maxMessageSize;
    private long _maxBytes;
    private bool _dropsOldest;
    private double _rate;

    // When all that was let in will have had its time, in milliseconds of the steady clock.
    private double _busyUntil;

    /// <summary>Whether the policy limits anything.</summary>
    public bool IsSet { get; private set; }

    /// <summary>Bytes that the log is to take when the oldest messages make room; 0 when they never do.</summary>
    public long RoomBytes => _dropsOldest ? _maxBytes : 0;

    /// <summary>Milliseconds that a message may be old; 0 for any age.</summary>
    public long MaxAge { get; private set; }

    /// <summary>The answer to a publish that is in the log.</summary>
    public TopicReply Accepted => new(TopicStatus.Ok, MaxMessageSize: _maxMessageSize);

    /// <summary>Goes by a policy from now on; with another rate, what is held is let in.</summary>
    public void Follow(TopicPolicy policy)
    {
        double before = _rate;
        _maxMessageSize = policy.MaxMessageSize ?? 0;
        _rate = policy.PublishRate ?? 0;
        _maxBytes = policy.MaxBytes ?? 0;
        _dropsOldest = policy.OnFull == TopicPolicy.DropOldest;
        MaxAge = policy.MaxAge ?? 0;
        IsSet = _maxMessageSize > 0 || _rate > 0 || _maxBytes > 0;
        if (_rate == before)
            return;
        _busyUntil = 0;
        TaskCompletionSource changed = _changed;
        _changed = new TaskCompletionSource();
        changed.SetResult();
    }

    /// <summary>Lets a request in, now or when its time has come, or says why not.</summary>
    public async ValueTask<TopicReply> AdmitAsync(OpenTopic open, PublishRequest request)
    {
        // Room is made while others publish: what they may take beyond it is bounded too.
        long most = _dropsOldest ? _maxBytes + (_maxBytes / 4) : _maxBytes;
        if (_maxBytes > 0 && open.Log.Bytes + open.Appends.PendingBytes + request.Batch.Records.Length > most)
            return Refuse(request, new TopicReply(TopicStatus.Full, $"topic {topic.Name} is full: it may take {_maxBytes} bytes by its policy", _maxMessageSize));
        if (_maxMessageSize > 0 && HasGreater(request.Batch, _maxMessageSize))
            return Refuse(request, new TopicReply(TopicStatus.TooBig, MaxMessageSize: _maxMessageSize));
        // A gateway that waits asks again in the end; its place is the same.
        (long, long) key = (request.Publisher, request.Sequence);
        if (_held.TryGetValue(key, out Task? held))
            await held;
        if (_rate == 0 || held is not null)
            return TopicReply.Ok;
        long now = Moment.Of(time).Steady;
        double start = Math.Max(_busyUntil, now);
        double wait = start - Burst - now;
        if (wait > LongestHold)
            return Refuse(request, new TopicReply(TopicStatus.TooMany, TooMany(), _maxMessageSize));
        _busyUntil = start + (request.Batch.Count * 1000 / _rate);
        if (wait > 0)
        {
            _held.Add(key, held = HoldAsync(wait));
            await held;
            _held.Remove(key);
        }

        return TopicReply.Ok;
    }

    private async Task HoldAsync(double milliseconds) => await _changed.Task.WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(milliseconds)), time)
        .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    private TopicReply Refuse(PublishRequest request, TopicReply refusal)
    {
        topic.Books.RefusedCount += request.Batch.Count;
        return refusal;
    }

    private string TooMany() => string.Create(
        CultureInfo.InvariantCulture, $"topic {topic.Name} takes {_rate} messages a second, and more than it takes in {LongestHold / 1000} s wait already; publish more slowly");

    private static bool HasGreater(MessageBatch batch, int size)
    {
        int position = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            int record = batch.SizeAt(position);
            if (record - MessageBatch.RecordHeaderSize > size)
                return true;
            position += record;
        }

        return false;
    }
}
