using Broker.Grains.Channels;
using Broker.Messages;

namespace Broker.Tests.Grains;

public sealed class MessageWindowTests
{
    private static readonly MessageBatch Batch = MessageBatch.Create(1, new byte[100], new byte[100], new byte[100]).At(0);

    private readonly MessageWindow _window = new(new ChannelLimits
    {
        WindowMessages = 1000, WindowBytes = Batch.Records.Length, OwnsBodies = false, MaxMessageTimeout = 1000, MaxRequeueDelay = 1000,
    });

    [Fact]
    public void The_bytes_of_a_batch_are_given_back_with_its_last_message()
    {
        Fill();
        ReadyRun run = _window.Runs.First;
        _window.Take(run, 2, run.Batch.PositionOf(2));
        Assert.False(_window.HasRoom);
        _window.Take(_window.Runs.First, 1, Batch.Records.Length);
        Assert.True(_window.HasRoom);
    }

    [Fact]
    public void Messages_taken_out_of_the_middle_give_back_the_bytes_when_none_is_left()
    {
        Fill();
        Assert.True(_window.Remove(1));
        Assert.False(_window.Remove(1));
        Assert.True(_window.Remove(0));
        Assert.False(_window.HasRoom);
        Assert.True(_window.Remove(2));
        Assert.True(_window.HasRoom);
        Assert.Equal(0, _window.Runs.Messages);
    }

    private void Fill()
    {
        _window.Add(Batch, 0, 0, Batch.Count);
        _window.Charge(Batch);
        Assert.False(_window.HasRoom);
    }
}
