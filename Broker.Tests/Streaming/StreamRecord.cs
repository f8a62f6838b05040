using System.Collections.Concurrent;

namespace Broker.Tests.Streaming;

/// <summary>What the subscribers of all silos of a test got: a list of numbers for each stream and subscriber, in the order they came.</summary>
public sealed class StreamRecord
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<int>> _got = new();
    private readonly ConcurrentDictionary<string, Func<int, Task>> _handlers = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Subscribers that took something.</summary>
    public IEnumerable<string> Subscribers => _got.Keys;

    /// <summary>Runs before a subscriber takes a number; what throws there is the subscriber's failure.</summary>
    public void Handle(string subscriber, Func<int, Task> handler) => _handlers[subscriber] = handler;

    public async Task AddAsync(string subscriber, int number)
    {
        if (_handlers.TryGetValue(subscriber, out Func<int, Task>? handler)) await handler(number);
        _got.GetOrAdd(subscriber, _ => new ConcurrentQueue<int>()).Enqueue(number);
        Interlocked.Exchange(ref _changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
    }

    public int CountOf(string subscriber) => _got.TryGetValue(subscriber, out ConcurrentQueue<int>? numbers) ? numbers.Count : 0;

    public int[] Of(string subscriber) => _got.TryGetValue(subscriber, out ConcurrentQueue<int>? numbers) ? [.. numbers] : [];

    /// <summary>Waits until a subscriber has all numbers from 0 on, and tells how many came twice.</summary>
    public async Task<int> WaitForAllAsync(string subscriber, int count, TimeSpan? patience = null)
    {
        await WaitUntilAsync(
            () => _got.TryGetValue(subscriber, out ConcurrentQueue<int>? numbers) && numbers.Count >= count && Missing(subscriber, count).Length == 0,
            () => $"{subscriber} has {Of(subscriber).Length} of {count}; missing {string.Join(' ', Missing(subscriber, count).Take(20))}",
            patience);
        return Of(subscriber).Length - count;
    }

    public async Task WaitUntilAsync(Func<bool> holds, Func<string> state, TimeSpan? patience = null)
    {
        using CancellationTokenSource limit = new(patience ?? TimeSpan.FromSeconds(60));
        while (true)
        {
            Task changed = Volatile.Read(ref _changed).Task;
            if (holds()) return;
            try
            {
                await changed.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                throw new Xunit.Sdk.XunitException(state());
            }
        }
    }

    private int[] Missing(string subscriber, int count) => [.. Enumerable.Range(0, count).Except(Of(subscriber))];
}
