using Broker.Grains.Topics;
using Broker.Messages;
using Broker.Storage;
using Broker.Storage.Memory;
using Broker.Tests.Grains.Faults;
using Broker.Topics;

namespace Broker.Tests.Grains;

/// <summary>Each request is appended once, whoever asks for it, and everybody who asked learns how it ended.</summary>
public sealed class TopicAppendsTests : IAsyncLifetime
{
    private readonly TaskCompletionSource _write = new();
    private TopicAppends _appends = null!;

    public async Task InitializeAsync()
    {
        ITopicLog log = (await new MemoryMessageStore().OpenTopicAsync("t", create: true))!;
        _appends = new TopicAppends(Intercepted.Of(log, (member, go) => member.Name == nameof(ITopicLog.AppendAsync) ? new ValueTask(_write.Task) : go()));
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Who_asks_again_while_the_first_attempt_is_under_way_learns_its_outcome()
    {
        PendingAppend first = Begin(sequence: 1).Append!;
        Task<string?> twin = Begin(sequence: 1).Twin!;
        Assert.False(twin.IsCompleted);
        _appends.End(first, "no space left");
        Assert.Equal("no space left", await twin);
        Assert.Equal("no space left", await Begin(sequence: 1).Twin!);
        Assert.False(_appends.TryTake(out _));
    }

    [Fact]
    public void What_is_in_the_log_is_answered_before_and_after_the_topic_has_taken_note()
    {
        PendingAppend first = Begin(sequence: 1).Append!;
        PendingAppend second = Begin(sequence: 2).Append!;
        Assert.Equal((0, 1), (first.Batch.BaseOffset, second.Batch.BaseOffset));
        _appends.End(second, failure: null);
        Assert.Equal(TopicReply.Ok, Begin(sequence: 1).Answer);
        Assert.True(_appends.TryCallForCommit());
        Assert.False(_appends.TryCallForCommit());
        Assert.True(_appends.TryTake(out PendingAppend? taken));
        Assert.Same(first, taken);
        Assert.True(_appends.TryTake(out taken));
        Assert.Same(second, taken);
        Assert.False(_appends.TryTake(out _));
        Assert.False(_appends.TryCallForCommit());
        Assert.Equal(TopicReply.Ok, Begin(sequence: 2).Answer);
    }

    [Fact]
    public void What_does_not_fit_is_dropped_with_what_is_under_way_counted()
    {
        Begin(sequence: 1, room: 3);
        AppendStart start = Begin(sequence: 2, room: 3, "b", "c", "d");
        Assert.Equal((3, 2), (start.Append!.Published.Count, start.Append.Batch.Count));
        Assert.True(Begin(sequence: 3, room: 3).IsDropped);
    }

    private AppendStart Begin(long sequence, long room = long.MaxValue, params string[] bodies) => _appends.Begin(
        new PublishRequest
        {
            Publisher = 7,
            Sequence = sequence,
            Lowest = 1,
            Batch = MessageBatch.Create(1, [.. (bodies.Length == 0 ? ["a"] : bodies).Select(System.Text.Encoding.ASCII.GetBytes)]),
        },
        room,
        started: null);
}
