namespace Broker.Tests.Gateway;

/// <summary>Waits in real time for what other threads are about to do: a minute at most, which a busy machine does not use up.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    public static async Task TrueAsync(
        Func<bool> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                Assert.Fail($"never came true: {what}");
            await Task.Delay(10);
        }
    }

    public static async Task TrueAsync(
        Func<Task<bool>> condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string what = "")
    {
        long began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                Assert.Fail($"never came true: {what}");
            await Task.Delay(10);
        }
    }
}
