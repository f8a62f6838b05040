using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Broker.Tests.Embedded;

public sealed class PersistentStateTests : IAsyncDisposable
{
    private readonly GrainHostFixture _fixture = new(add: services => services
        .AddMemoryGrainStorage()
        .AddMemoryGrainStorage("other"));

    public interface ICounterGrain : IGrainWithStringKey
    {
        Task<string> Read();

        Task Set(int first, int second);

        Task Spoil();

        Task Clear();
    }

    public interface ILostGrain : IGrainWithStringKey
    {
        Task Touch();
    }

    private ICounterGrain Grain => _fixture.Grains.GetGrain<ICounterGrain>("a");

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task What_was_written_is_there_in_the_next_activation()
    {
        Assert.Equal("0 0 False", await Grain.Read());
        await Grain.Set(1, 2);
        await Grain.Spoil();
        await _fixture.Host.DeactivateAsync(Grain);
        Assert.Equal("1 2 True", await Grain.Read());
        Assert.Equal("0 0 False", await _fixture.Grains.GetGrain<ICounterGrain>("b").Read());
    }

    [Fact]
    public async Task What_was_cleared_is_gone()
    {
        await Grain.Set(1, 2);
        await Grain.Clear();
        Assert.Equal("0 2 False", await Grain.Read());
        await Grain.Set(3, 4);
        Assert.Equal("3 4 True", await Grain.Read());
    }

    [Fact]
    public async Task A_write_over_somebody_elses_fails()
    {
        await Grain.Set(1, 2);
        IGrainStorage storage = _fixture.Services.GetRequiredKeyedService<IGrainStorage>("Default");
        GrainState<CounterState> mine = new();
        await storage.ReadStateAsync("first", Grain.GetGrainId(), mine);
        mine.State!.Value = 5;
        await storage.WriteStateAsync("first", Grain.GetGrainId(), mine);
        await Assert.ThrowsAsync<InconsistentStateException>(() => Grain.Set(6, 7));
    }

    [Fact]
    public async Task A_missing_provider_is_named()
    {
        InvalidOperationException missing = await Assert.ThrowsAsync<InvalidOperationException>(
            () => _fixture.Grains.GetGrain<ILostGrain>("a").Touch());
        Assert.Contains("'nowhere'", missing.Message);
    }

    public sealed class CounterState
    {
        public int Value { get; set; }
    }

    public sealed class CounterGrain(
        [PersistentState("first")] IPersistentState<CounterState> first,
        [PersistentState("second", "other")] IPersistentState<CounterState> second) : Grain, ICounterGrain
    {
        public Task<string> Read() => Task.FromResult($"{first.State.Value} {second.State.Value} {first.RecordExists}");

        public async Task Set(int one, int two)
        {
            first.State.Value = one;
            second.State.Value = two;
            await first.WriteStateAsync();
            await second.WriteStateAsync();
        }

        public Task Spoil()
        {
            first.State.Value = -1;
            return Task.CompletedTask;
        }

        public Task Clear() => first.ClearStateAsync();
    }

    public sealed class LostGrain([PersistentState("x", "nowhere")] IPersistentState<CounterState> state) : Grain, ILostGrain
    {
        public Task Touch() => state.WriteStateAsync();
    }
}
