using Orleans;
using Orleans.Concurrency;

namespace Broker.Tests.Embedded;

/// <summary>A grain that runs what a test hands it.</summary>
public interface IScriptGrain : IGrainWithStringKey
{
    Task Run(Func<ScriptGrain, Task> script);

    Task<object?> Ask(Func<ScriptGrain, Task<object?>> script);

    ValueTask RunValue(Func<ScriptGrain, ValueTask> script);

    ValueTask<int> AskValue(Func<ScriptGrain, ValueTask<int>> script);

    ValueTask<string> Join(string text, int number, DateTime? time, params string[] rest);

    [AlwaysInterleave]
    Task RunAlways(Func<ScriptGrain, Task> script);

    [ReadOnly]
    Task Read(Func<ScriptGrain, Task> script);

    [OneWay]
    Task Tell(Func<ScriptGrain, Task> script);

    void Shout(Action<ScriptGrain> script);

    [ResponseTimeout("00:00:05")]
    Task RunShort(Func<ScriptGrain, Task> script);
}
