using System.Buffers;
using Broker.Channels;
using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Consuming;

/// <summary>
/// All that this gateway's consumers of one channel say to it. At most one call is under way, so that commands arrive in the
/// order in which they were given; what comes meanwhile gathers and becomes the next batch.
/// </summary>
/// <remarks>
/// Joining goes the same way: were a consumer to join while another call finds the channel activated anew, the attach that
/// follows would replace it.
/// </remarks>
internal sealed class ChannelLink : WheelEntry, IThreadPoolWorkItem
{
    /// <summary>How often the channel hears of this gateway at least, in milliseconds, while there are consumers.</summary>
    public const long SignOfLife = 2_000;

    private readonly Lock _sync = new();
    private readonly ChannelLinks _gateway;
    private readonly IChannelGrain _grain;
    private readonly Dictionary<int, Consumer> _consumers = [];
    private readonly Queue<JoinCall> _joins = new();
    private ConsumerCommand[] _gathered = [];
    private int _gatheredCount;
    private CommandCall? _gathering;
    private TaskCompletionSource? _pausing;
    private bool _wasKnocked;
    private long _sequence;
    private bool _busy;
    private bool _signOfLifeDue;
    private bool _executedLately;
    private bool _gone;
    private long _lastUsed;

    public ChannelLink(ChannelLinks gateway, string channelKey, long incarnation)
    {
        _gateway = gateway;
        ChannelKey = channelKey;
        Incarnation = incarnation;
        _grain = gateway.Grains.GetGrain<IChannelGrain>(channelKey);
        _lastUsed = gateway.Time.GetTimestamp();
    }

    /// <summary>The key of the channel's grain.</summary>
    public string ChannelKey { get; }

    /// <summary>The making of the channel that the consumers subscribed to.</summary>
    public long Incarnation { get; }

    /// <summary>Shared part of the ids of the channel's messages; known once a consumer has joined.</summary>
    public ulong IdPrefix { get; private set; }

    /// <summary>Joins a consumer.</summary>
    public async ValueTask<AttachReply> JoinAsync(Consumer consumer)
    {
        JoinCall join = new(consumer);
        lock (_sync)
        {
            if (_gone)
                return new AttachReply(AttachStatus.Gone);
            _joins.Enqueue(join);
        }
        Start();
        if (!join.IsCompleted)
            await join.WaitAsync();
        return join.Reply;
    }

    /// <summary>Takes commands of one consumer; nothing is sent before <see cref="Start"/>.</summary>
    /// <param name="commands">The commands.</param>
    /// <param name="firstIndex">Index of the first of them in the call.</param>
    public CommandCall Add(ReadOnlySpan<ConsumerCommand> commands, out int firstIndex)
    {
        foreach (ref readonly ConsumerCommand command in commands)
        {
            if (command.Kind == CommandKind.Requeue)
                FindConsumer(command.Consumer)?.NoteRequeue(command.Offset);
        }
        lock (_sync)
        {
            firstIndex = _gatheredCount;
            if (_gatheredCount + commands.Length > _gathered.Length)
                Grow(commands.Length);
            commands.CopyTo(_gathered.AsSpan(_gatheredCount));
            _gatheredCount += commands.Length;
            return _gathering ??= new CommandCall();
        }
    }

    /// <summary>A consumer's connection is gone.</summary>
    public void Leave(Consumer consumer)
    {
        lock (_sync)
            _consumers.Remove(consumer.Number);
        Add([consumer.Detach()], out _);
        Start();
    }

    /// <summary>Sends what waits, unless a call is under way: then it goes with the next one.</summary>
    public void Start()
    {
        if (TryBegin())
            _ = RunAsync();
    }

    /// <summary>
    /// Has the channel hear from this gateway at once: it may have been activated anew and know no consumers. What got no answer before is tried again
    /// without a pause.
    /// </summary>
    public void Knock()
    {
        TaskCompletionSource? pausing;
        lock (_sync)
        {
            _wasKnocked = true;
            pausing = _pausing;
            _signOfLifeDue |= _consumers.Count > 0;
        }
        pausing?.TrySetResult();
        Start();
    }

    /// <summary>The channel is gone: closes the connections of its consumers.</summary>
    public void Close()
    {
        Consumer[] consumers;
        JoinCall[] joins;
        lock (_sync)
        {
            _gone = true;
            consumers = [.. _consumers.Values];
            _consumers.Clear();
            joins = [.. _joins];
            _joins.Clear();
        }
        _gateway.Remove(this);
        _gateway.Wheel.Cancel(this);
        foreach (JoinCall join in joins)
            join.Complete(new AttachReply(AttachStatus.Gone));
        foreach (Consumer consumer in consumers)
            consumer.Close();
    }

    /// <summary>Somebody is about to use it.</summary>
    public void Use()
    {
        lock (_sync)
            _lastUsed = _gateway.Time.GetTimestamp();
    }

    /// <summary>Whether nobody has used the link for at least <paramref name="age"/>.</summary>
    public bool IsUnusedFor(TimeSpan age)
    {
        lock (_sync)
            return !_busy && !HasWork && _consumers.Count == 0 && _gateway.Time.GetElapsedTime(_lastUsed) >= age;
    }

    /// <summary>Goes on with what gathered during a call that ended on its caller's thread.</summary>
    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    /// <inheritdoc/>
    protected internal override void OnDue()
    {
        Consumer[] consumers;
        lock (_sync)
        {
            if (_consumers.Count == 0)
                return;
            _signOfLifeDue = !_executedLately;
            _executedLately = false;
            consumers = [.. _consumers.Values];
        }
        foreach (Consumer consumer in consumers)
        {
            if (consumer.TakeCredit(again: true) is { } credit)
                Add([credit], out _);
        }
        _gateway.Wheel.Schedule(this, SignOfLife, coarse: true);
        Start();
    }

    private bool HasWork => _joins.Count > 0 || _gatheredCount > 0 || _signOfLifeDue;

    private bool TryBegin()
    {
        lock (_sync)
            return !_busy && HasWork && (_busy = true);
    }

    private void Grow(int by)
    {
        ConsumerCommand[] grown = ArrayPool<ConsumerCommand>.Shared.Rent(Math.Max(_gatheredCount + by, Math.Max(16, _gatheredCount * 2)));
        _gathered.AsSpan(0, _gatheredCount).CopyTo(grown);
        if (_gathered.Length > 0)
            ArrayPool<ConsumerCommand>.Shared.Return(_gathered);
        _gathered = grown;
    }

    private async Task RunAsync()
    {
        JoinCall? join;
        CommandCall? call = null;
        lock (_sync)
        {
            _joins.TryDequeue(out join);
            // A channel that was activated anew would take the one that joins for all there are: the others knock first.
            if (join is null || _gatheredCount > 0 || _consumers.Count > 0)
                call = Seal();
        }
        if (call is not null)
            await ExecuteAsync(call);
        if (join is not null)
            await AttachAsync(join);

        lock (_sync)
        {
            _lastUsed = _gateway.Time.GetTimestamp();
            _busy = HasWork;
            if (!_busy)
                return;
        }
        // Whoever started this has its own socket to serve: the rest is for somebody else.
        if (SynchronizationContext.Current is { } context)
            context.Post(static link => _ = ((ChannelLink)link!).RunAsync(), this);
        else
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private CommandCall Seal()
    {
        CommandCall call = _gathering ?? new CommandCall();
        call.Seal(_gathered.AsSpan(0, _gatheredCount));
        if (_gathered.Length > 0)
            ArrayPool<ConsumerCommand>.Shared.Return(_gathered);
        _gathered = [];
        _gatheredCount = 0;
        _gathering = null;
        _signOfLifeDue = false;
        _wasKnocked = false;
        _executedLately = call.Data.Length > 0;
        return call;
    }

    private async ValueTask AttachAsync(JoinCall join)
    {
        AttachReply reply = await TryAttachAsync([join.Consumer], again: false, static () => true);
        if (reply.Status == AttachStatus.Ok)
        {
            bool isFirst;
            lock (_sync)
            {
                isFirst = _consumers.Count == 0;
                _consumers.Add(join.Consumer.Number, join.Consumer);
            }
            if (isFirst)
                _gateway.Wheel.Schedule(this, SignOfLife, coarse: true);
        }
        else if (reply.Status == AttachStatus.Failed)
        {
            // It may have joined all the same.
            Leave(join.Consumer);
        }
        join.Complete(reply);
        if (reply.Status == AttachStatus.Gone)
            Close();
    }

    private async ValueTask ExecuteAsync(CommandCall call)
    {
        RetryPause? retry = null;
        CommandBatch batch = NextBatch(call);
        while (true)
        {
            long asked = _gateway.Time.GetTimestamp();
            Exception fault;
            try
            {
                CommandReply reply = await _grain.ExecuteAsync(batch);
                if (reply.Status == CommandStatus.Ok)
                {
                    Apply(call, reply.Failures);
                    call.Complete(reply.Failures);
                    return;
                }
                if (reply.Status == CommandStatus.Gone || !await AttachAgainAsync())
                {
                    Close();
                    call.Complete(null);
                    return;
                }
                if (HasNobody)
                {
                    call.Complete(null);
                    return;
                }
                batch = NextBatch(call);
                continue;
            }
            catch (Exception e)
            {
                // The outcome is unknown, but under the same number the channel answers the same.
                fault = e;
                _gateway.Logger.CommandsRetried(e, ChannelKey, batch.Sequence);
            }
            if (HasNobody)
            {
                // Nobody waits for an answer any more; the channel's own timeout ends what it still believes.
                call.Complete(null);
                return;
            }
            retry ??= new RetryPause(_gateway.Random);
            if (await PauseAsync(retry.After(fault, _gateway.Time.GetElapsedTime(asked))))
                retry = null;
        }
    }

    /// <summary>Waits before the next try, unless it is known by then, or becomes known, that a silo has gone: then true.</summary>
    private async ValueTask<bool> PauseAsync(TimeSpan pause)
    {
        TaskCompletionSource knocked = new();
        lock (_sync)
        {
            if (_wasKnocked)
            {
                _wasKnocked = false;
                return true;
            }
            _pausing = knocked;
        }
        await knocked.Task.WaitAsync(pause, _gateway.Time)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        lock (_sync)
        {
            _pausing = null;
            _wasKnocked = false;
            return knocked.Task.IsCompleted;
        }
    }

    private CommandBatch NextBatch(CommandCall call) => new()
    {
        Gateway = _gateway.Id,
        Incarnation = Incarnation,
        Sequence = ++_sequence,
        Data = call.Data,
    };

    private bool HasNobody
    {
        get
        {
            lock (_sync)
                return _consumers.Count == 0;
        }
    }

    /// <summary>The channel was activated anew: hands over everything that this gateway knows of its consumers.</summary>
    private async ValueTask<bool> AttachAgainAsync()
    {
        Consumer[] consumers;
        lock (_sync)
            consumers = [.. _consumers.Values];
        if (consumers.Length == 0)
        {
            _sequence = 0;
            return true;
        }
        AttachReply reply = await TryAttachAsync(consumers, again: true, () => !HasNobody);
        _sequence = 0;
        if (reply.Status == AttachStatus.Ok)
            _gateway.Logger.AttachedAgain(ChannelKey, consumers.Length == 1 ? "1 consumer" : $"{consumers.Length} consumers");
        return reply.Status == AttachStatus.Ok || HasNobody;
    }

    private async ValueTask<AttachReply> TryAttachAsync(Consumer[] consumers, bool again, Func<bool> goOn)
    {
        long started = _gateway.Time.GetTimestamp();
        RetryPause retry = new(_gateway.Random);
        while (true)
        {
            long asked = _gateway.Time.GetTimestamp();
            Exception? fault = null;
            AttachReply reply;
            try
            {
                long ahead = _gateway.Time.GetUtcNow().ToUnixTimeMilliseconds() - _gateway.Wheel.Now;
                reply = await _grain.AttachAsync(new AttachRequest
                {
                    Gateway = _gateway.Id,
                    Observer = _gateway.Observer,
                    Incarnation = Incarnation,
                    Again = again,
                    Consumers = Array.ConvertAll(consumers, consumer => consumer.ToAttachment(ahead)),
                });
            }
            catch (Exception e)
            {
                fault = e;
                _gateway.Logger.AttachRetried(e, ChannelKey);
                reply = new AttachReply(AttachStatus.Failed, Error: "no answer from the channel");
            }
            if (reply.Status == AttachStatus.Ok)
                IdPrefix = reply.IdPrefix;
            // A client that wants to join gets an answer in the end; what is joined already stays until its client goes.
            TimeSpan pause = retry.After(fault, _gateway.Time.GetElapsedTime(asked));
            bool isLast = !again && _gateway.Time.GetElapsedTime(started) + pause >= _gateway.Options.PublishDeadline;
            if (reply.Status != AttachStatus.Failed || isLast || !goOn())
                return reply;
            if (await PauseAsync(pause))
                retry = new RetryPause(_gateway.Random);
        }
    }

    private Consumer? FindConsumer(int number)
    {
        lock (_sync)
            return _consumers.GetValueOrDefault(number);
    }

    private void Apply(CommandCall call, ReadOnlySpan<CommandFailure> failures)
    {
        long now = _gateway.Wheel.Now;
        ReadOnlySpan<ConsumerCommand> commands = call.Commands;
        for (int start = 0; start < commands.Length;)
        {
            int number = commands[start].Consumer;
            int end = start + 1;
            while (end < commands.Length && commands[end].Consumer == number)
                end++;
            FindConsumer(number)?.Apply(commands[start..end], failures, start, now);
            while (!failures.IsEmpty && failures[0].Index < end)
                failures = failures[1..];
            start = end;
        }
    }
}
