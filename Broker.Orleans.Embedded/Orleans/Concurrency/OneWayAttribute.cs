namespace Orleans.Concurrency;

/// <summary>Callers of this method learn neither when nor how it ends.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OneWayAttribute : Attribute;
