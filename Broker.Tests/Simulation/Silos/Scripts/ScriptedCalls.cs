namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Calls of <see cref="IScripted"/> with the code as it is written in a script.</summary>
public static class ScriptedCalls
{
    public static Task Run(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.Run(new Code<Task> { Run = code });

    public static Task<string> Ask(this IScripted grain, Func<ScriptedGrain, Task<string>> code) => grain.Ask(new Code<Task<string>> { Run = code });

    public static ValueTask RunValue(this IScripted grain, Func<ScriptedGrain, ValueTask> code) => grain.RunValue(new Code<ValueTask> { Run = code });

    public static ValueTask<int> AskValue(this IScripted grain, Func<ScriptedGrain, ValueTask<int>> code) =>
        grain.AskValue(new Code<ValueTask<int>> { Run = code });

    public static Task RunAlways(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.RunAlways(new Code<Task> { Run = code });

    public static Task Read(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.Read(new Code<Task> { Run = code });

    public static Task Tell(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.Tell(new Code<Task> { Run = code });

    public static void Shout(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.Shout(new Code<Task> { Run = code });

    public static Task RunShort(this IScripted grain, Func<ScriptedGrain, Task> code) => grain.RunShort(new Code<Task> { Run = code });

    public static Task<string> AskOther(this IScripted grain, IScripted other, Func<ScriptedGrain, Task<string>> code) =>
        grain.AskOther(other, new Code<Task<string>> { Run = code });
}
