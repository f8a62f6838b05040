using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Broker.Client;
using Broker.Orleans.Streaming.Watching;
using Microsoft.Extensions.Logging;

namespace Broker.Orleans.Streaming.Queues;

/// <summary>
/// Sees to it that no queue that was ever in use is left without a reader. The greatest number of queues stands in a message
/// <c>{"queues":8}</c> of the topic <c>&lt;prefix&gt;.queues</c>, which silos read when they start and give back.
/// </summary>
internal sealed class QueueCountCheck(
    string provider,
    string prefix,
    string channel,
    BrokerStreamOptions options,
    BrokerAccess access,
    NsqProducer? producer,
    BrokerPresence presence,
    ILogger logger,
    TimeProvider time)
{
    // How long to wait for a note before one is made; others give theirs back sooner. Only the very first silo waits that long.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(1);

    // How long to wait for the note that was made. Another silo may have received it.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // How long a silo that only receives waits until a lookup service names a server of the notes: two of its questions.
    private static readonly TimeSpan LookupPatience = 2 * BrokerAccess.LookupInterval;

    // Until then this silo has unsubscribed; less than others wait for it.
    private static readonly TimeSpan BackDelay = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private Task<bool>? _check;

    private int Count => Math.Max(options.QueueCount, options.FormerQueueCount);

    private string Topic => prefix + ".queues";

    /// <summary>Checks once for all queues of this silo, as soon as there is a broker.</summary>
    /// <returns>Whether the queues may be received from; false also when it was cancelled.</returns>
    public async Task<bool> PassesAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            Task<bool> check;
            lock (_gate)
            {
                // One that ended with the queue it was made for says nothing about the others.
                if (_check is null or { IsCompleted: true, IsCompletedSuccessfully: false }) _check = CheckAsync(cancellation);
                check = _check;
            }
            try
            {
                return await check.WaitAsync(cancellation).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // This one, or the one that began the check.
            }
        }
        return false;
    }

    private async Task<bool> CheckAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return await CheckOnceAsync(cancellation).ConfigureAwait(false);
            }
            catch (NsqException e)
            {
                StreamLog.CheckFailed(logger, provider, e.Message);
            }
            await Task.Delay(RetryDelay, time, cancellation).ConfigureAwait(false);
        }
    }

    private async Task<bool> CheckOnceAsync(CancellationToken cancellation)
    {
        List<(NsqMessage Message, int Count)> notes = [];
        bool decided = false;
        NsqConsumer consumer = access.CreateConsumer(Topic, channel, 16);
        await using (consumer.ConfigureAwait(false))
        {
            WakeSignal came = new(time);
            await consumer.StartAsync(Receive, cancellation: cancellation).ConfigureAwait(false);
            if (!await IsConnectedAsync().ConfigureAwait(false)) return true;
            if (!await EnoughCameAsync(Quiet).ConfigureAwait(false) && producer is not null)
            {
                // What was there before comes before what is published now, however slowly.
                JsonObject note = new() { ["queues"] = Count };
                await producer.PublishAsync(Topic, JsonSerializer.SerializeToUtf8Bytes(note), cancellation).ConfigureAwait(false);
                _ = await EnoughCameAsync(Patience).ConfigureAwait(false);
            }
            cancellation.ThrowIfCancellationRequested();
            lock (notes) decided = true;
            return Decide(notes);

            // A lookup service knows no server of the notes until somebody has published one, which a silo without addresses cannot do.
            async Task<bool> IsConnectedAsync()
            {
                long start = time.GetTimestamp();
                while (consumer.ConnectionCount == 0)
                {
                    if (producer is null && time.GetElapsedTime(start) > LookupPatience) return false;
                    await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellation).ConfigureAwait(false);
                }
                return true;
            }

            // Whether a note came that says no less than this silo would.
            async Task<bool> EnoughCameAsync(TimeSpan longest)
            {
                while (Greatest(notes) < Count)
                {
                    if (!await came.WaitAsync(longest, cancellation).ConfigureAwait(false)) return false;
                }
                return true;
            }

            ValueTask Receive(NsqMessage message, CancellationToken token)
            {
                lock (notes)
                {
                    if (decided) message.Requeue(BackDelay);
                    else notes.Add((message, CountOf(message)));
                }
                came.Set();
                return default;
            }
        }
    }

    /// <summary>Gives the greatest note back, finishes the others, and says what the greatest one means.</summary>
    private bool Decide(List<(NsqMessage Message, int Count)> notes)
    {
        int known = Greatest(notes);
        bool kept = false;
        foreach ((NsqMessage message, int count) in notes)
        {
            if (count < known || kept) message.Finish();
            else kept = message.Requeue(BackDelay);
        }
        if (known <= Count) return true;
        presence.Refuse(string.Create(
            CultureInfo.InvariantCulture,
            $"the queues {prefix}.0 to {prefix}.{known - 1} were in use and only {Count} are configured, so some would have no reader; "
                + $"set {nameof(BrokerStreamOptions.FormerQueueCount)} to {known}."));
        return false;
    }

    private static int Greatest(List<(NsqMessage Message, int Count)> notes)
    {
        lock (notes) return notes.Select(note => note.Count).DefaultIfEmpty().Max();
    }

    private static int CountOf(NsqMessage message)
    {
        try
        {
            return JsonNode.Parse(message.Body.Span)?["queues"]?.GetValue<int>() ?? 0;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // Not a note, and of no use to anybody here.
            return 0;
        }
    }
}
