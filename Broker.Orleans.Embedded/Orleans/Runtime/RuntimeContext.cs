namespace Orleans.Runtime;

internal static class RuntimeContext
{
    /// <summary>The activation whose turn runs on this thread, if there is one.</summary>
    public static IGrainContext? Current => SynchronizationContext.Current as IGrainContext;
}
