using Broker.Gateway.Telemetry;
using Broker.Gateway.Timing;
using Broker.Policies;
using Broker.Topics;
using Microsoft.Extensions.Logging;

namespace Broker.Gateway.Publishing;

/// <summary>
/// One append until its outcome is known or its time is up. What fails is asked again after a growing pause; what gets no answer is asked again
/// beside the call that is open, whose answer counts as well. The topic knows the numbers of the request, so that is harmless.
/// </summary>
internal sealed class PublishAttempts(
    TopicCalls topic,
    PublishRequest request,
    PublishPatience patience,
    GatewayOptions options,
    TimeProvider time,
    Random random,
    ILogger logger)
{
    private readonly long _started = time.GetTimestamp();
    private readonly List<Task<Answer>> _open = [];
    private RetryPause? _retry;
    private TimeSpan _wait = patience.BeforeAskingAgain;
    private TimeSpan _heard;
    private TimeSpan _nextAsk;
    private Exception? _fault;

    private TimeSpan Elapsed => time.GetElapsedTime(_started);

    private TimeSpan End => Shorter(options.PublishDeadline, _heard + patience.BeforeGivingUp);

    /// <summary>Sends the request, as often as it takes.</summary>
    public async ValueTask<TopicReply> RunAsync()
    {
        ValueTask<Answer> first = AskAsync();
        if (first.IsCompletedSuccessfully && first.Result is { Fault: null, Reply: var reply })
            return reply;
        Follow(first);
        while (true)
        {
            TimeSpan left = Shorter(_nextAsk, End) - Elapsed;
            if (left > TimeSpan.Zero)
                await WaitAsync(left);
            while (_open.Find(static call => call.IsCompleted) is { } ended)
            {
                _open.Remove(ended);
                Answer answer = await ended;
                if (answer.Fault is null)
                {
                    patience.Learn(Elapsed - answer.Asked);
                    return answer.Reply;
                }
                Note(answer.Fault, Elapsed - answer.Asked);
            }
            if (Elapsed >= End)
            {
                patience.LearnSilence();
                logger.PublishGivenUp(_fault ?? new TimeoutException("no answer came"), topic.Name, request.Sequence);
                return new TopicReply(TopicStatus.Unknown, "no answer from the topic; whether the messages are in its log is not known");
            }
            if (Elapsed >= _nextAsk)
                Follow(AskAsync());
        }
    }

    private void Follow(ValueTask<Answer> call)
    {
        _open.Add(call.AsTask());
        _nextAsk = Elapsed + _wait;
        _wait *= 2;
    }

    private void Note(Exception fault, TimeSpan took)
    {
        _fault = fault;
        // That nothing came is no word of the topic; that a silo is gone or moves it is one.
        if (fault is not TimeoutException)
            _heard = Elapsed;
        logger.PublishRetried(fault, topic.Name, request.Sequence);
        // What got no answer was about to be asked again anyway.
        if (_open.Count > 0 || fault is TimeoutException)
            return;
        _retry ??= new RetryPause(random);
        _nextAsk = Elapsed + _retry.After(fault, took);
    }

    private async Task WaitAsync(TimeSpan left)
    {
        // Timers count whole milliseconds: for less, they would not wait at all.
        TimeSpan limit = TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds));
        if (_open.Count == 0)
        {
            await Task.Delay(limit, time);
            return;
        }
        Task any = _open.Count == 1 ? _open[0] : Task.WhenAny(_open);
        await any.WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }

    private async ValueTask<Answer> AskAsync()
    {
        TimeSpan asked = Elapsed;
        try
        {
            return new Answer(await topic.PublishAsync(request), null, asked);
        }
        catch (Exception e)
        {
            // Whatever went wrong, the batch may be in the log or not.
            return new Answer(default, e, asked);
        }
    }

    private static TimeSpan Shorter(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private readonly record struct Answer(TopicReply Reply, Exception? Fault, TimeSpan Asked);
}
